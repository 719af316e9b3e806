import assert from "node:assert/strict";
import fc from "fast-check";
import { bodyRulesOf, type BodySources, passesEarly } from "./body_rules.ts";
import { bodyText, wholeCharacters } from "./body_text.ts";
import { formatStatusRanges, judgeAnswer, statusAccepted, wrongStatus } from "./match.ts";

Deno.test("statusAccepted() takes both ends of a range, and nothing between ranges", () => {
  const ranges = [[200, 204], [301, 301], [400, 499]] as const;
  const cases: [status: number, accepted: boolean][] = [
    [199, false],
    [200, true],
    [204, true],
    [205, false],
    [300, false],
    [301, true],
    [302, false],
    [400, true],
    [499, true],
    [500, false],
  ];
  for (const [status, accepted] of cases) {
    assert.equal(statusAccepted(status, ranges), accepted, `${status}`);
  }
  assert.equal(statusAccepted(200, []), false);
});

Deno.test("wrongStatus() names the status and the expected ones", () => {
  assert.equal(formatStatusRanges([[200, 299], [301, 301]]), "200-299, 301");
  const verdict = wrongStatus(503, [[200, 200]]);
  assert.equal(verdict.code, "L7STS");
  assert.equal(verdict.layer, "L7");
  assert.equal(verdict.detail, "status 503, expected 200");
});

/** The verdict on an answer with this body, in words. */
function said(
  body: string | Uint8Array,
  sources: Partial<BodySources>,
  contentCoding = "",
): string {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const rules = bodyRulesOf({ responseRegexp: "", responseRegexpNot: "", ...sources });
  const answer = {
    problem: "",
    status: 200,
    body: bytes,
    contentCoding,
    refusesPlainText: false,
    header: () => undefined,
  };
  const { code, detail } = judgeAnswer(answer, { params: { responseCodes: [[200, 200]] }, rules });
  return `${code} ${detail}`;
}

Deno.test("an expression of Go means in a probe what it means in Go", () => {
  const matches: [source: string, body: string, matches: boolean][] = [
    ["(?i)status: OK", "Status: ok", true],
    ["(?s)a.b", "a\nb", true],
    ["a.b", "a\nb", false],
    ["a.b", "a\rb", true],
    ["(?P<state>ok)", "ok", true],
    ["\\Aok\\z", "ok", true],
    ["\\Aok\\z", "okAz", false],
    ["ok$", "ok\n", false],
    ["(?m)^ok$", "a\nok\nb", true],
    ["[[:alpha:]]+ [[:digit:]]", "abc 1", true],
    ["\\Qok (v1.2)\\E", "ok (v1.2)", true],
    ["\\pL+", "αβ", true],
    ["^\\pL+$", "p1", false],
    ["\\p{Greek}", "αβ", true],
    ["\\p{Greek}", "p{Greek}", false],
    ["\\x{6F}k", "ok", true],
    ["\\x{1F600}", "😀", true],
    ["^.$", "😀", true],
    ["\\s", "\u00a0", false],
  ];
  for (const [source, body, good] of matches) {
    assert.equal(
      said(body, { responseRegexp: source }).startsWith("L7OK"),
      good,
      `${source} ${body}`,
    );
  }
});

Deno.test("a body is read as UTF-8 as Go reads it: each bad byte is one U+FFFD, a BOM stays", () => {
  const bytes = (...list: number[]) => Uint8Array.from(list);
  const texts: [body: Uint8Array, text: string][] = [
    [bytes(), ""],
    [new TextEncoder().encode("all is wöll 😀"), "all is wöll 😀"],
    [bytes(0xef, 0xbb, 0xbf, 0x6f), "\ufeffo"],
    [bytes(0x61, 0xff, 0x62), "a\ufffdb"],
    [bytes(0xe2, 0x82), "\ufffd\ufffd"],
    [bytes(0xf0, 0x9f, 0x98, 0x41), "\ufffd\ufffd\ufffdA"],
    [bytes(0xc0, 0xaf, 0xed, 0xa0, 0x80), "\ufffd".repeat(5)],
    [bytes(0xf4, 0x90, 0x80, 0x80, 0xc3, 0xb6), `${"\ufffd".repeat(4)}ö`],
  ];
  for (const [body, text] of texts) assert.equal(bodyText(body), text, body.toHex());
  assert.match(said(bytes(0xe2, 0x82), { responseRegexp: "^\\x{FFFD}{2}$" }), /^L7OK/);
});

Deno.test("bodyText() agrees with the platform on every well-formed text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.nat(20), (text, cut) => {
    const bytes = new TextEncoder().encode(text);
    assert.equal(bodyText(bytes), new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
    const whole = wholeCharacters(bytes.subarray(0, cut));
    assert.ok(text.toWellFormed().startsWith(bodyText(whole)));
    assert.ok(Math.min(cut, bytes.length) - whole.length <= 3);
  }));
});

Deno.test("a body fails without the required text, or with the unwanted one", () => {
  const rules = { responseRegexp: "ok", responseRegexpNot: "(?i)degraded" };
  assert.equal(said("ok", rules), "L7OK status 200");
  assert.equal(
    said("ok, Degraded", rules),
    "L7STS status 200, but the body matches response-regexp-not",
  );
  assert.match(said("up", rules), /the first 2 bytes of the body do not match response-regexp$/);
  assert.equal(said("", { responseRegexpNot: "x" }), "L7OK status 200");
  assert.match(said("", { responseRegexpNot: "^$" }), /^L7STS/);
});

Deno.test("a compressed body is reported as such and does not pass response-regexp-not", () => {
  const gzip = Uint8Array.of(0x1f, 0x8b, 8, 0, 0);
  const words =
    /^L7STS status 200, but the body is compressed \((gzip|br|unknown)\) and .*uncompressed$/;
  assert.match(said(gzip, { responseRegexp: "ok" }, "gzip"), words);
  assert.match(said(gzip, { responseRegexp: "ok" }), words, "without a header");
  assert.match(said(gzip, { responseRegexpNot: "down" }, "br"), words);
  assert.match(said("ok", { responseRegexp: "ok" }, "unknown"), /^L7OK/, "it matches all the same");
  assert.match(said("", { responseRegexp: "ok" }, "gzip"), /the first 0 bytes/);
});

Deno.test("the beginning of a body is enough only where what follows cannot change the match", () => {
  const early = (
    responseRegexp: string,
    beginning: string | Uint8Array,
    responseRegexpNot = "",
  ) => {
    const rules = bodyRulesOf({ responseRegexp, responseRegexpNot })!;
    const bytes = typeof beginning === "string" ? new TextEncoder().encode(beginning) : beginning;
    return passesEarly(bytes, rules);
  };
  assert.equal(early("^data: ok", "data: ok\n"), true);
  assert.equal(early("ok", "wait"), false);
  for (const source of ["^ok$", "ok\\z", "ok\\b", "o\\B", "(?m)ok$"]) {
    assert.equal(early(source, "ok"), false, source);
  }
  assert.equal(early("ok", "ok", "down"), false, "the unwanted text may still come");
  assert.equal(
    early("\\x{FFFD}", Uint8Array.of(0x61, 0xe2, 0x82)),
    false,
    "a character cut in two",
  );
});
