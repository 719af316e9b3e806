/** The answers of farm.ts to any request, by kind. */
import { healthAnswer, HTTP2_ANSWER } from "../../tests/support/servers/canned_h2.ts";

const HTTP =
  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";

export const FARM_ANSWERS: Readonly<Record<string, Uint8Array>> = {
  http: new TextEncoder().encode(HTTP),
  http2: HTTP2_ANSWER,
  grpc: healthAnswer(1),
  agent: new TextEncoder().encode("up ready 100%\n"),
};
