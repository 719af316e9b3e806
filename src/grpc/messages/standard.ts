/** The standard services of gRPC that the server offers. PURE. */
import { HealthDefinition } from "../gen/health.ts";
import { ServerReflectionDefinition } from "../gen/reflection.ts";
import {
  ServerReflectionDefinition as ServerReflectionAlphaDefinition,
} from "../gen/reflection_v1alpha.ts";
import { methodsOf } from "./methods.ts";

export const Health = methodsOf(HealthDefinition);
export const ServerReflection = methodsOf(ServerReflectionDefinition);
export const ServerReflectionAlpha = methodsOf(ServerReflectionAlphaDefinition);
