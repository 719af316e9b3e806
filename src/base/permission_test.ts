import assert from "node:assert/strict";
import { MaglevError } from "./errors.ts";
import { hiddenReason, isPermissionFault, permissionText } from "./permission.ts";

function notCapable(message: string): Error {
  return Object.assign(new Error(message), { name: "NotCapable" });
}

const ADVICE = ", run again with the --allow-read flag";

Deno.test("a permission fault names the line that fixes it, and never Deno's own advice", () => {
  const cases: [string, RegExp][] = [
    [
      `Requires read access to "/srv/ca.pem"`,
      /^cannot read \/srv\/ca\.pem: .*; add MAGLEV_READ_PATHS=\/srv\/ca\.pem .*restart$/,
    ],
    [`Requires write access to "/srv/x"`, /^cannot write \/srv\/x: .*MAGLEV_WRITE_PATHS=\/srv\/x /],
    [
      `Requires read access to "/home/a/ca.pem"`,
      /restart; the package's unit hides \/home .*; move/,
    ],
    [`Requires all access to "/dev/stdin"`, /^cannot open \/dev\/stdin: .*regular file$/],
    [
      `Requires net access to "127.0.0.1:9090"`,
      /^cannot use address 127\.0\.0\.1:9090: .*launcher/,
    ],
    [`Requires env access to "MAGLEV_CONFIG"`, /^cannot use env MAGLEV_CONFIG: .*launcher/],
    [`Requires ffi access`, /^cannot use ffi: /],
    ["Something new", /launcher/],
  ];
  for (const [message, expected] of cases) {
    const text = permissionText(notCapable(message + ADVICE)) ?? "";
    assert.match(text, expected);
    assert.doesNotMatch(text, /--allow/);
    assert.equal(MaglevError.from(notCapable(message + ADVICE)).message, text);
  }
  assert.equal(permissionText(new Error(`Requires read access to "/x"`)), undefined);
});

Deno.test("a permission fault is found among the causes of an error", () => {
  const fault = notCapable('Requires read access to "/x"');
  const outer = new MaglevError("unavailable", "no", { cause: new Error("no", { cause: fault }) });
  assert.ok(isPermissionFault(outer));
  assert.ok(!isPermissionFault(new MaglevError("unavailable", "no", { cause: new Error("no") })));
  const circle: Error & { cause?: unknown } = new Error("round");
  circle.cause = circle;
  assert.ok(!isPermissionFault(circle));
});

Deno.test("a path with control characters does not reach the terminal as it is", () => {
  const text = permissionText(notCapable('Requires read access to "/a\nb\u001b"')) ?? "";
  assert.ok(text.includes("/a\\u{a}b\\u{1b}"), text);
});

Deno.test("hiddenReason() names folders that the unit hides, as ProtectHome= does", async () => {
  const unit = await Deno.readTextFile(
    new URL("../../debian/units/vpp-maglev.service", import.meta.url),
  );
  assert.match(unit, /^ProtectHome=yes$/m);
  for (const path of ["/home/a/ca.pem", "/root/ca.pem", "/run/user/1000/ca.pem"]) {
    assert.match(hiddenReason(path)!, /^the package's unit hides .*; move the file to \/etc/);
  }
  for (const path of ["/homes/ca.pem", "/etc/home/ca.pem", "/run/users/ca.pem"]) {
    assert.equal(hiddenReason(path), undefined);
  }
});
