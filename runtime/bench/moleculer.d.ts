// What the benchmark uses of its peers. They are installed when it runs, not with the product.

declare module "moleculer" {
  interface Context<Params> {
    readonly params: Params;
    call(action: string, params: unknown): Promise<unknown>;
  }

  export class ServiceBroker {
    constructor(options: { logger: boolean; validator?: boolean });
    createService(schema: {
      name: string;
      actions: Record<string, { params?: object; handler(context: Context<never>): unknown }>;
    }): void;
    start(): Promise<void>;
    stop(): Promise<void>;
    call(action: string, params: unknown): Promise<unknown>;
  }
}
