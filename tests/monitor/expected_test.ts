import assert from "node:assert/strict";
import type { Expected } from "../../model/api.ts";
import { type AlertScope, endOfDay, expectedBy, mayBeExpected, nextEnd } from "../../monitor/expected.ts";

const NOW = Date.UTC(2027, 0, 31, 12);

const SCAN: AlertScope = {
  kind: "port_scan",
  source: "10.0.0.9",
  destination: "192.0.2.80",
  sourceNames: [],
  destinationNames: ["db1.backup.example.com"],
  port: 443,
  program: "restic",
  programPath: "/usr/bin/restic",
};

const entry = (fields: Partial<Expected>): Expected => ({ id: "x", comment: "agreed", ...fields });
const covers = (fields: Partial<Expected>, alert: Partial<AlertScope> = {}, nowMs = NOW) =>
  expectedBy({ ...SCAN, ...alert }, [entry(fields)], nowMs) !== null;

Deno.test("an entry covers what matches in every field it has", () => {
  for (
    const [fields, covered] of [
      [{ kind: "port_scan" }, true],
      [{ kind: "host_sweep" }, false],
      [{ source: "10.0.0.9" }, true],
      [{ source: "10.0.0.8" }, false],
      [{ source: "10.0.0.0/24" }, true],
      [{ source: "10.0.1.0/24" }, false],
      [{ destination: "192.0.2.80" }, true],
      [{ destination: "backup.example.com" }, true],
      [{ destination: "db1.backup.example.com" }, true],
      [{ destination: "ackup.example.com" }, false], // no part of a label
      [{ destination: "com" }, false], // a word alone is a host, not all that ends so
      [{ destination: ".com" }, true],
      [{ port: 443 }, true],
      [{ port: "400-443" }, true],
      [{ port: 80 }, false],
      [{ program: "restic" }, true],
      [{ program: "Restic" }, false],
      [{ program: "/usr/bin/restic" }, true],
      [{ program: "/tmp/restic" }, false], // a program that only calls itself so
      [{ source: "10.0.0.9", destination: "192.0.2.80", port: 443, program: "restic" }, true],
      [{ source: "10.0.0.9", destination: "192.0.2.80", port: 443, program: "curl" }, false],
    ] as const
  ) assert.equal(covers(fields), covered, JSON.stringify(fields));
});

Deno.test("an entry for one source, destination, port and program hides no other", () => {
  const fields = { source: "10.0.0.9", destination: "192.0.2.80", port: 443, program: "restic" };
  assert(covers(fields));
  for (
    const other of [
      { source: "10.0.0.10" },
      { source: "" },
      { source: "2001:db8::9" },
      { destination: "192.0.2.81" },
      { destination: "" }, // to many
      { port: 444 },
      { port: 0 }, // many ports
      { program: "nmap" },
      { program: "" }, // not known
    ]
  ) assert(!covers(fields, other), JSON.stringify(other));
});

Deno.test("names of a destination do not name a source", () => {
  assert(!covers({ source: "backup.example.com" }));
  assert(covers({ source: "backup.example.com" }, { sourceNames: ["BACKUP.example.com."] }));
});

Deno.test("an entry holds to the end of its last day, UTC", () => {
  const until = { kind: "port_scan", until: "2027-01-31" };
  assert(covers(until, {}, Date.UTC(2027, 0, 31, 23, 59, 59, 999)));
  assert(!covers(until, {}, Date.UTC(2027, 1, 1)));
  assert.equal(
    nextEnd([entry(until), entry({}), entry({ until: "2026-01-01" })], NOW),
    endOfDay("2027-01-31"),
  );
  assert.equal(nextEnd([entry({})], NOW), Infinity);
  for (const text of ["2027-02-29", "2027-13-01", "2027-1-1", "tomorrow", ""]) {
    assert.equal(endOfDay(text), null, text);
  }
});

Deno.test("an alert whose program is not known yet may still be expected, and only by an entry that fits else", () => {
  const unknown = { ...SCAN, program: "", programPath: "" };
  const may = (fields: Partial<Expected>, alert: Partial<AlertScope> = {}) =>
    mayBeExpected({ ...unknown, ...alert }, [entry(fields)], NOW);
  assert(may({ program: "restic", source: "10.0.0.9" }));
  assert(may({ program: "/usr/bin/restic" }));
  assert(!may({ program: "restic", source: "10.0.0.10" }));
  assert(!may({ program: "restic" }, { program: "nmap" }));
  assert(may({ destination: ".example.com" }, { destinationNames: [] }));
  assert(!may({ destination: "example.org" }));
});
