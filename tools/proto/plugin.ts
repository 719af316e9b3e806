/** The plugin of protoc: reads a request from standard input, writes the generated files. */
import "ts-proto";
