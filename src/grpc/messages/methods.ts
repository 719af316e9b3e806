/** Services and their methods, from the generated definitions. PURE. */
import type { MessageType } from "./codec.ts";

/** One method of a service. */
export interface MethodInfo<Req, Res> {
  readonly name: string;
  /** `/maglev.Maglev/GetBackend`. */
  readonly path: string;
  readonly request: MessageType<Req>;
  readonly response: MessageType<Res>;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

/** A service as ts-proto defines it. */
interface Definition {
  readonly fullName: string;
  readonly methods: Readonly<Record<string, MethodDefinition>>;
}

interface MethodDefinition {
  readonly name: string;
  readonly requestType: unknown;
  readonly requestStream: boolean;
  readonly responseType: unknown;
  readonly responseStream: boolean;
}

type MessageOf<T> = T extends MessageType<infer Message> ? Message : never;

/** Types of the requests and responses of a service, by the names of its methods. */
export type TypesOf<D extends Definition> = {
  readonly [K in keyof D["methods"] as D["methods"][K]["name"]]: {
    readonly request: MessageOf<D["methods"][K]["requestType"]>;
    readonly response: MessageOf<D["methods"][K]["responseType"]>;
  };
};

/** The methods of a service by name. */
export type MethodsOf<Types> = {
  readonly [M in keyof Types]: MethodInfo<Part<Types[M], "request">, Part<Types[M], "response">>;
};

type Part<Types, Name extends string> = Name extends keyof Types ? Types[Name] : never;

/** The methods of a generated definition. */
export function methodsOf<D extends Definition>(definition: D): MethodsOf<TypesOf<D>> {
  const { fullName, methods } = definition;
  const entries = Object.values(methods).map((method) => {
    const { name, requestStream, responseStream } = method;
    const { requestType: request, responseType: response } = method;
    return [name, {
      name,
      path: `/${fullName}/${name}`,
      request,
      response,
      requestStream,
      responseStream,
    }];
  });
  return Object.fromEntries(entries);
}
