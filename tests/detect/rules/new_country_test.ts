/** Countries new to a program. */
import assert from "node:assert/strict";
import { newCountry } from "../../../detect/rules/new_country.ts";
import { listener, Machine } from "../../support/machine.ts";

const here = [listener(22, "sshd")];
const DAY = 86_400;

const place = (country: string, program = "updater", inbound = false) => ({
  ...{ flowId: 1, program, path: `/usr/bin/${program}`, address: "192.0.2.7", country, inbound },
});

function settled(countries = ["DE", "NL"]): Machine {
  const machine = new Machine([newCountry]).report({ listeners: here }, 10);
  machine.report({ listeners: here, places: countries.map((country) => place(country)) });
  for (let i = 0; i < DAY / 5 + 1; i++) machine.report({ listeners: here }).off(4); // reports lost: still watched
  return machine;
}

Deno.test("a country a program never talked to is told after a day, once", () => {
  const machine = settled();
  for (const country of ["DE", "KP", "KP"]) machine.report({ listeners: here, places: [place(country)] });
  assert.deepEqual(machine.alerts.map(({ severity, message }) => [severity, message]), [
    [3, "updater connects to KP (192.0.2.7), where it never did before; it is known in DE, NL"],
  ]);
});

Deno.test("the first countries of a new program, callers, and who goes everywhere are not told", () => {
  const machine = settled(["AT", "BE", "CH", "DE", "ES", "FR", "GB", "HU", "IT"]);
  machine.report({ listeners: here, places: [place("KP")] }, 2);
  machine.report({ listeners: here, places: [place("US", "fresh"), place("SG", "fresh")] });
  machine.report({ listeners: here, places: [place("KP", "updater", true)] });
  assert.deepEqual(machine.alerts, []);
});

Deno.test("countries are known after a restart", () => {
  const machine = new Machine([newCountry], structuredClone(settled().detector.usual()));
  for (const country of ["NL", "DE", "BR"]) machine.report({ listeners: here, places: [place(country)] });
  assert.deepEqual(machine.alerts.map(({ evidence }) => [evidence.country, evidence.countries_before]), [
    ["BR", ["DE", "NL"]],
  ]);
});
