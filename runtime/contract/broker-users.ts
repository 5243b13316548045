/** The user of HTTP gateways, and the instance of a topology that serves HTTP. */
export const GATEWAY = "gateway";
/** The user of the console, for those who run the system. */
export const CONSOLE = "console";
/** The one user that makes, changes and deletes streams and consumers. */
export const PROVISIONER = "provisioner";

/** The users of the broker that are no modules: no module is called like one of them. */
export const brokerUsers: readonly string[] = [GATEWAY, CONSOLE, PROVISIONER];
