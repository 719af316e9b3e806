/** The service of the API. PURE. */
import { MaglevDefinition } from "../gen/maglev.ts";
import { methodsOf, type TypesOf } from "./methods.ts";

/** Types of requests and responses by method. */
export type MaglevTypes = TypesOf<MaglevDefinition>;

export const Maglev = methodsOf(MaglevDefinition);
