declare module "*.sql" {
  /** The file's text, when imported `with { type: "text" }`. */
  const text: string;
  export default text;
}
