import { equal, match, ok } from "node:assert/strict";
import type { TextFormat } from "./types.ts";
import { headerProblem, nameInHost, textProblem } from "./text_rules.ts";

/** Texts each format takes and refuses. */
const CASES: Readonly<Record<TextFormat, { good: readonly string[]; bad: readonly string[] }>> = {
  "name": {
    good: ["a", "nginx-0.lab_1", "web/1", "größe", "😀", "n".repeat(128)],
    bad: ["", " ", "a b", "a\tb", "a\nb", "a\u00a0b", "a\u200bb", "\x7f", "n".repeat(129)],
  },
  "netns": {
    good: ["", "dataplane", "ns.1"],
    bad: [".", "..", "a/b", "/run/netns/a", "a b", "a\0", "n".repeat(256)],
  },
  "line": {
    good: ["", "any thing — at all", "folded\n", "x".repeat(1000)],
    bad: ["a\nb", "\x1b[31m", "x".repeat(1001)],
  },
  "path": {
    good: ["/", "/a?b=c&d", "/%20", "/" + "x".repeat(4095)],
    bad: ["", "a", "http://a/", "/a b", "/\r\nX: 1", "/ü", "/#a", "/" + "x".repeat(4096)],
  },
  "host": {
    good: [
      "",
      "a",
      "www.example.com",
      "www.example.com.",
      "a:80",
      "10.0.0.1:8080",
      "[::1]",
      "[::1]:80",
    ],
    bad: ["a b", "a:b", "a:", "a:65536", "::1", "[::1", "[10.0.0.1]", "a/b", "a\r\nb", "u@a", "-a"],
  },
  "server-name": {
    good: ["", "a", "www.example.com", "_x.y-z", "x".repeat(63)],
    bad: ["10.0.0.1", "::1", "*.a", "a b", "a..b", "a:443", "x".repeat(64), "a.".repeat(127) + "a"],
  },
  "regexp": {
    good: [
      "",
      "ok",
      "^a.*b$",
      "(?i:ok)",
      "\\bup\\b",
      "(?i)ok",
      "\\\\1",
      "(?:a)",
      "\\(?=a",
    ],
    bad: [
      ...["(", "[", "*", "[^]", "a{2,1}", "x".repeat(4097)],
      ...["(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b", "(a)\\1", "(?<n>a)\\k<n>", "a\\Z", "[[:none:]]"],
    ],
  },
  "bytes": {
    good: ["PING\r\n", "hex:00ff", "ü".repeat(2048)],
    bad: ["", "hex:", "hex:0", "\ud800", "ü".repeat(2049)],
  },
  "header-name": { good: ["X-Ready", "a!"], bad: ["", "a b", "a:", "ü"] },
  "service": {
    good: ["", "Greeter", "acme.v1.Orders_2"],
    bad: [" ", "a b", "/a.B/", ".a", "a..b", "1a", "x".repeat(256)],
  },
  "dns-name": {
    good: [".", "a", "www.example.com", "_sip._udp.example.com.", "x".repeat(63), "-"]
      .concat(`${"a.".repeat(126)}a.`),
    bad: ["", "..", ".a", "a..b", "a b", "ü", "*.a", "x".repeat(64), `${"a.".repeat(126)}ab`],
  },
  "body": {
    good: ["", "{}", "a: b\r\n\0", "ü".repeat(4096)],
    bad: ["\ud800", "x".repeat(8193), "ü".repeat(4097)],
  },
  "alpn": {
    good: ["http/1.1", "h2", "x".repeat(255)],
    bad: ["", "h2,http/1.1", "a b", "ü", "a\n", "x".repeat(256)],
  },
  "file": {
    good: ["/", "/etc/vpp-maglev/ca.pem", "/a b/c", "/" + "x".repeat(4094)],
    bad: ["", "ca.pem", "./ca.pem", "~/ca.pem", "/a\nb", "/a\0", "/" + "x".repeat(4095)],
  },
};

for (
  const [format, { good, bad }] of Object.entries(CASES) as [TextFormat, typeof CASES["name"]][]
) {
  Deno.test(`textProblem() accepts valid texts and refuses invalid ones as ${format}`, () => {
    for (const text of good) equal(textProblem(format, text), undefined, JSON.stringify(text));
    for (const text of bad) {
      const problem = textProblem(format, text);
      ok(problem !== undefined && problem !== "", JSON.stringify(text));
      match(problem, /^[^\n\r\0]+$/);
    }
  });
}

Deno.test("headerProblem() refuses headers that would change the request", () => {
  const cases: readonly [name: string, value: string, good: boolean][] = [
    ["X-A", "1", true],
    ["accept", "text/html, */*;q=0.8", true],
    ["User-Agent", "mine", true],
    ["X-Empty", "", true],
    ["constructor", "x", true],
    ["X A", "1", false],
    ["X-A:", "1", false],
    ["", "1", false],
    ["Ü", "1", false],
    ["X-A", "1\r\nX-B: 2", false],
    ["X-A", "1\n", false],
    ["X-A", "\0", false],
    ["X-A", " 1", false],
    ["X-A", "ü", false],
    ["X-A", "x".repeat(4097), false],
    ["HOST", "a", false],
    ["Connection", "keep-alive", false],
    ["Content-Length", "1", false],
    ["Transfer-Encoding", "chunked", false],
  ];
  for (const [name, value, good] of cases) {
    equal(headerProblem(name, value) === undefined, good, `${name}: ${JSON.stringify(value)}`);
  }
});

Deno.test("nameInHost() gives names only, without port", () => {
  equal(nameInHost("www.example.com:8443"), "www.example.com");
  equal(nameInHost("www.example.com."), "www.example.com");
  equal(nameInHost("10.0.0.1:80"), "");
  equal(nameInHost("[::1]:80"), "");
  equal(nameInHost(""), "");
});
