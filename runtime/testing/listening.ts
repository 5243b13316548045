/** Waits for a nats-server, and returns where it says that it listens. */
export async function listening(stderr: ReadableStream<Uint8Array>): Promise<string> {
  let said = "";
  const decoder = new TextDecoder();
  for await (const chunk of stderr) {
    said += decoder.decode(chunk);
    const address = said.match(/Listening for client connections on (\S+)/)?.[1];
    if (address !== undefined && said.includes("Server is ready")) return address;
  }
  throw new Error(`The server did not start: ${said}`);
}
