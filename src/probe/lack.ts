/**
 * PURE. Resources that a prober can lack. A probe that fails because of a lack did not test the
 * server. So it is void: it is not counted, and the server keeps its state and weight.
 */

/** Kinds of lack, in the order in which metrics list them. */
export const LACKS = [
  "ports",
  "descriptors",
  "memory",
  "family",
  "source-address",
  "interface",
  "permission",
  "certificate",
  "namespace",
  "shim",
  "thread",
  "isolation",
  "prober",
] as const;

/** One kind of lack: the `reason` of logs and metrics. */
export type Lack = (typeof LACKS)[number];
