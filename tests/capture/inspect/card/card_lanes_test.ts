/** What is found and what is not: a row per way of writing, per look-alike; the same for every cut. */
import assert from "node:assert/strict";
import { ALERT_CONFIDENCE } from "../../../../capture/inspect/card/card_finder.ts";
import {
  type CardHit,
  CardLanes,
  CardServices,
  MAX_CARDS_PER_FLOW,
} from "../../../../capture/inspect/card/card_lanes.ts";
import { CARRY_BYTES, CarryPool, NO_ROW } from "../../../../capture/inspect/card/carry_pool.ts";
import { hex, latin1, seeded } from "../dpi/flow_recorder.ts";
import { EveryByte } from "./every_byte.ts";
import { cardsIn, KEY, MASTERCARD, verdict, VISA } from "./finding.ts";
import { HOSTILE, luhn, ORDINARY } from "./texts.ts";

const each = (digits: string, as: (digit: string) => string) => [...digits].map(as).join("");
const grouped = (digits: string, by: string) => digits.match(/.{4}/g)!.join(by);
const utf16 = (text: string) => each(text, (c) => c + "\0");
const ebcdic = (digits: string) => each(digits, (c) => String.fromCharCode(0xf0 + Number(c)));
const lines = (text: string, width: number) => text.match(new RegExp(`.{1,${width}}`, "g"))!.join("\r\n");

/** Name, text, encoding told. Each holds VISA once and is an alert. */
const WRITTEN: [string, string, string][] = [
  ["alone", VISA, "plain"],
  ["in a line", `PAY ${VISA} 12.00 EUR\n`, "plain"],
  ["JSON text", `{"amount": 170.22, "card": {"number": "${VISA}", "exp": "12/29"}}`, "plain"],
  ["JSON number", `{"pan":${VISA},"cvv":123}`, "plain"],
  ["form", `name=Jo+Doe&cardnumber=${VISA}&exp_month=11`, "plain"],
  ["CSV", `1000,Eva Lind,${VISA},02/31\n1001,`, "plain"],
  ["XML", `<Payment><CardNumber>${VISA}</CardNumber></Payment>`, "plain"],
  ["SQL", `INSERT INTO payments(card_number, amount) VALUES ('${VISA}', 12.50)`, "plain"],
  ["blanks", `"${grouped(VISA, " ")}"`, "plain"],
  ["dashes", `no ${grouped(VISA, "-")}.`, "plain"],
  ["plus signs", `card=${grouped(VISA, "+")}&cvv=321`, "plain"],
  ["a date before and after", `10:30:01 ${grouped(VISA, " ")} 12/29`, "plain"],
  ["escaped line end before", `"log":"paid\\n${VISA}\\n"`, "plain"],
  ["a word that touches", `PAN${VISA};`, "plain"],
  ["filled up", `${"x".repeat(40)}${VISA} end of record`, "plain"],
  ["length before, next field after", `\x10${VISA}5abcd`, "plain"],
  ["length before, letters after", `\0\0\0\x10${VISA}Abcd`, "plain"],
  ["track 1", `%B${VISA}^DOE/JANE^30121010000000000000?`, "plain"],
  ["track 2", `;${VISA}=3012101000000000?`, "plain"],
  ["track 2 with D", `TRK2:${VISA}D2912101123456789F\n`, "plain"],
  ["\\u escapes", `{"card": "${each(VISA, (c) => `\\u003${c}`)}"}`, "json_escape"],
  ["\\u escapes, escaped again", `{\\"card\\": \\"${each(VISA, (c) => `\\\\u003${c}`)}\\"}`, "json_escape"],
  ["\\x escapes", `card = "${each(VISA, (c) => `\\x3${c}`)}"`, "json_escape"],
  ["percent", `card=${each(VISA, (c) => `%3${c}`)}&x=1`, "percent"],
  ["percent between groups", `card=${grouped(VISA, "%20")}&x=1`, "percent"],
  ["percent dashes", `card=${grouped(VISA, "%2D")}&x=1`, "percent"],
  ["percent around", `q=%22pan%22%3A%22${VISA}%22%7D`, "plain"],
  ["track 1 in a URL", `t=%25B${VISA}%5EDOE%2FJ%5E3012101`, "plain"],
  ["decimal entities", `<b>${each(VISA, (c) => `&#${c.charCodeAt(0)};`)}</b>`, "entity"],
  ["hexadecimal entities", `<b>${each(VISA, (c) => `&#x3${c};`)}</b>`, "entity"],
  ["&nbsp;", `<b>${grouped(VISA, "&nbsp;")}</b>`, "entity"],
  ["no-break blanks in UTF-8", `card ${grouped(VISA, "\xc2\xa0")}.`, "escaped"],
  ["hyphens in UTF-8", `card ${grouped(VISA, "\xe2\x80\x91")}.`, "escaped"],
  ["soft line break", `charge card ${VISA.slice(0, 8)}=\r\n${VISA.slice(8)} please`, "quoted_printable"],
  ["= as =3D", `card=3D${VISA}\r\n`, "plain"],
  ["base64", `{"payload": "${btoa(`card=${VISA}&cvv=123`)}"}`, "base64"],
  ["base64, other phase", `{"payload": "${btoa(`a card=${VISA}&`)}"}`, "base64"],
  ["base64, third phase", `{"payload": "${btoa(`my card=${VISA}&`)}"}`, "base64"],
  ["base64 of the number alone", `{"card": "${btoa(VISA)}"}`, "base64"],
  ["base64 of groups", `{"payload": "${btoa(`x ${grouped(VISA, " ")} y`)}"}`, "base64"],
  ["base64 of dashes", `{"payload": "${btoa(`xy ${grouped(VISA, "-")} y`)}"}`, "base64"],
  ["hexadecimal", `VALUES (0x${each(`card=${VISA};`, (c) => c.charCodeAt(0).toString(16))})`, "hex"],
  ["UTF-16LE", utf16(`Card number ${VISA} accepted\r\n`), "utf16"],
  ["UTF-16BE", `\0${utf16(`Card number ${VISA} accepted\r\n`).slice(0, -1)}`, "utf16"],
  ["UTF-16 groups", utf16(`Card number ${grouped(VISA, " ")} accepted\r\n`), "utf16"],
  ["EBCDIC", `\xc3\xc1\xd9\xc4\x40${ebcdic(VISA)}\x40\xc5`, "ebcdic"],
];

for (const [name, text, encoding] of WRITTEN) {
  Deno.test(`found: ${name}`, () => {
    for (const before of ["", "y", "\r\n\r\n", "A long sentence that shifts the probes to another place. "]) {
      if (before === "y" && /^(\d|\0|\xc3|x|PAN)/.test(text)) continue;
      const hits = cardsIn(before + text);
      assert.equal(hits.length, 1, `${before}${name}`);
      const [hit] = hits;
      assert.equal(hit.masked, "453957******1486");
      assert.equal(hit.brand, "visa");
      assert.equal(hit.last4, "1486");
      assert.equal(hit.length, 16);
      assert.equal(hit.count, 1);
      assert.ok(hit.confidence >= ALERT_CONFIDENCE, `${hit.confidence}`);
      assert.equal(hit.encoding, encoding);
    }
  });

  Deno.test(`the same for every cut: ${name}`, () => {
    const padded = `some words before ${text} and some after it, ${"x ".repeat(200)}`;
    for (const whole of [text, padded]) {
      const expected = verdict(cardsIn(whole));
      const bytes = latin1(whole);
      for (let cut = 1; cut < Math.min(bytes.length, 300); cut++) {
        let first = true;
        const pieces = () => first ? (first = false, cut) : bytes.length;
        assert.equal(verdict(cardsIn(bytes, { cut: pieces })), expected, `cut at ${cut}`);
      }
      for (const piece of [1, 2, 3, 12, 13, 14, 100]) {
        assert.equal(verdict(cardsIn(bytes, { cut: () => piece })), expected, `pieces of ${piece}`);
      }
    }
  });
}

Deno.test("base64 in lines: found wherever the line breaks", () => {
  for (let before = 0; before < 76; before++) {
    const text = `Content-Transfer-Encoding: base64\r\n\r\n${
      lines(btoa(`${"z".repeat(before)} card ${VISA} exp`), 76)
    }\r\n`;
    assert.equal(cardsIn(text).length, 1, `${before} bytes before`);
    const blocks = lines(btoa(`${"z".repeat(before)} card ${grouped(VISA, " ")} exp`), 64);
    assert.equal(cardsIn(blocks).length, 1, `groups, ${before} bytes before`);
  }
});

Deno.test("soft breaks: found wherever the line breaks", () => {
  for (let at = 1; at < 16; at++) {
    for (let shift = 0; shift < 13; shift++) {
      const text = `${"y".repeat(shift)} card ${VISA.slice(0, at)}=\r\n${VISA.slice(at)}, thanks`;
      assert.equal(cardsIn(text).length, 1, `broken after ${at} digits, shifted by ${shift}`);
    }
  }
});

Deno.test("every way of writing is found at every place: no probe steps over one", () => {
  for (const [name, text] of WRITTEN) {
    for (let shift = 1; shift <= 26; shift++) {
      assert.equal(cardsIn(`${".".repeat(shift - 1)} ${text}`).length, 1, `${name}, shifted by ${shift}`);
    }
  }
});

Deno.test("six digits and thirteen are found wherever a probe meets them", () => {
  const start = "622848123456789012";
  const number = start + luhn(start);
  for (let shift = 0; shift < 13; shift++) {
    const text = `${"y".repeat(shift)} card ${number.slice(0, 6)} ${number.slice(6)}, thanks`;
    assert.deepEqual(cardsIn(text).map(({ length }) => length), [19], `shifted by ${shift}`);
  }
});

Deno.test("ISO 8583 in ASCII, with and without length prefix", () => {
  const message = `0200722000000080800016${VISA}000000000000012500112208301500432100123456TERM0001`;
  for (const prefix of ["", "\0\x58", "0088", "\0\0\0\x58"]) {
    const twice = prefix === ""
      ? message
      : prefix + message.padEnd(88, " ") + prefix + message.padEnd(88, " ");
    const hits = cardsIn(twice);
    assert.equal(hits.length, 1, JSON.stringify(prefix));
    assert.equal(hits[0].encoding, "iso8583");
    assert.equal(hits[0].masked, "453957******1486");
    assert.equal(hits[0].count, prefix === "" ? 1 : 2);
    for (let cut = 1; cut < twice.length; cut++) {
      let first = true;
      assert.equal(
        verdict(cardsIn(twice, { cut: () => first ? (first = false, cut) : 1000 })),
        verdict(hits),
        `cut ${cut}`,
      );
    }
  }
});

Deno.test("ISO 8583 behind a header of BASE24, and on serial lines", () => {
  const message = `0200722000000080800016${VISA}000000000000012500112208301500432100123456TERM0001`;
  const headed = `ISO016000055${message}`;
  for (const text of [headed, `\0${String.fromCharCode(headed.length)}${headed}`, `\x02${message}\x03u`]) {
    for (let cut = 1; cut < text.length; cut++) {
      let first = true;
      const hits = cardsIn(text, { cut: () => first ? (first = false, cut) : 1000 });
      assert.deepEqual(hits.map(({ encoding, masked }) => [encoding, masked]), [[
        "iso8583",
        "453957******1486",
      ]]);
    }
  }
  assert.deepEqual(cardsIn(`ISO 9001, card ${VISA}.`).map(({ encoding }) => encoding), ["plain"]);
});

Deno.test("ISO 8583 in packed BCD: DE 2, DE 35 and a number of 19 digits", () => {
  // TPDU, 0200, bitmap 2,3,4,11,22,25,35,41; 16 digits
  const de2 = `6000030000 0200 7020040020800000 16 ${VISA} 000000 000000012500 000123 0051 33
    ${VISA}D3012101000000000F 5445524d30303031`;
  const bytes = hex(de2);
  const framed = Uint8Array.from([bytes.length >> 8, bytes.length & 255, ...bytes]);
  const hits = cardsIn(framed);
  assert.equal(hits.length, 1);
  assert.equal(hits[0].encoding, "iso8583");
  assert.equal(hits[0].count, 2); // DE 2 and DE 35
  const long = "402406511598068904" + luhn("402406511598068904");
  const odd = hex(`0200 6020000000000000 19 0${long} 000000 000123`);
  assert.deepEqual(cardsIn(Uint8Array.from([0, odd.length, ...odd])).map(({ length }) => length), [19]);
});

Deno.test("ISO 8583 in EBCDIC", () => {
  const body = `0200${"7020000000000000"}16${VISA}000000000000012500000123`;
  const bytes = Uint8Array.from(body, (c) => 0xf0 + Number(c));
  assert.deepEqual(cardsIn(Uint8Array.from([0, bytes.length, ...bytes])).map(({ encoding }) => encoding), [
    "iso8583",
  ]);
});

Deno.test("what begins like ISO 8583 and is not is searched as text", () => {
  for (
    const text of [
      `0200 ok, card ${VISA}.`,
      `0123${VISA.slice(0, 2)} card ${VISA}`,
      `\0\x10${VISA}\0`,
      `1|${VISA}|x`,
    ]
  ) {
    const hits = cardsIn(text);
    assert.equal(hits.length, 1, text);
    assert.notEqual(hits[0].encoding, "iso8583");
  }
});

Deno.test("tracks are named", () => {
  assert.equal(cardsIn(`%B${VISA}^DOE/JANE^30121010000000000000?`)[0].track, 1);
  assert.equal(cardsIn(`;${VISA}=3012101000000000?`)[0].track, 2);
  assert.equal(cardsIn(`card ${VISA};`)[0].track, undefined);
});

/** No alert; most are not even a note. */
const LOOK_ALIKES: [string, string][] = [
  ["wrong check digit", `card=${VISA.slice(0, 15)}7&`],
  ["fraction", `{"v":[0.${VISA},0.5]}`],
  ["fraction without zero", `a=.${VISA};`],
  ["fraction after it", `x ${VISA}.5 y`],
  ["exponent", `${VISA}e10`],
  ["inside letters", `sku A${VISA}B`],
  ["letter before", `serial SN${VISA} ok`],
  ["0x", `at 0x${VISA} in`],
  ["inside a longer number", `12345${VISA}67890`],
  ["one digit more", `9${VISA}`],
  ["UUID of digits", `12345678-${grouped(VISA, "-").slice(0, 14)}-148612345678`],
  ["IBAN in groups", `IBAN DE12 ${grouped(VISA, " ")} 12`],
  ["IBAN", `IBAN: DE12${VISA}12`],
  ["list of fours", `[1234 ${grouped(VISA, " ")} 5678 9012]`],
  ["list by commas", `[${grouped(VISA, ",")}]`],
  ["tracking number", `tracking 9400 ${grouped(VISA, " ")} 12`],
  ["milliseconds", `{"ts":1700000000123,"t":1650000000007}`],
  ["microseconds", `time 1700000000123456 `],
  ["nanoseconds", `{"ts_ns":"1700000000123456789"}`],
  ["date and time", `20240131123456 batch 20240131123456789`],
  ["IMEI", `IMEI: 35209900176148${luhn("35209900176148")}`],
  ["order number", `order_id=${VISA}&qty=2`],
  ["customer number", `{"customer_number":"${VISA}"}`],
  ["number of a ticket", `ticket number ${VISA} was closed`],
  ["payment's id", `{"payment_id":"${VISA}"}`],
  ["merchant's id", `merchantId=${VISA}&x=1`],
  ["map's cid", `<a href="/maps?cid=4539578763621486011">`],
  ["a box called card", `<div class="product-card" data-id="${VISA}">`],
  ["part of a box called card", `<li class='x'><b id=card-body data-product-id="${VISA}">`],
  ["blank of quoted-printable", `order ${VISA}=2012345 id`],
  ["id", `{"id":"${VISA}"}`],
  ["number of a rare range without a word", `<ref>9792${"03000000000"}${luhn("979203000000000")}</ref>`],
  ["EAN", `EAN 4006381333931`],
  ["mixed separators", `4539-5787 6362-1486`],
  ["other groups", `453957 8763 621486`],
  ["all the same digit", `4444444444444448`],
  ["base64 of something else", `{"p":"${btoa(`order=${"1".repeat(16)}`)}"}`],
  ["hex digest", "sha256:4539578763621486a4539578763621486f4539578763621486c453957876362"],
];

for (const [name, text] of LOOK_ALIKES) {
  Deno.test(`no alert: ${name}`, () => {
    for (const whole of [text, `${text}\n`, `a line before\n${text}\nand one after`]) {
      const alerts = cardsIn(whole).filter(({ confidence }) => confidence >= ALERT_CONFIDENCE);
      assert.deepEqual(
        alerts.map(({ masked, confidence, reasons }) => ({ masked, confidence, reasons })),
        [],
      );
    }
  });
}

Deno.test("a page of numbers of which few pass Luhn: those that do are notes", () => {
  const random = seeded(5);
  let text = "";
  for (let i = 0; i < 1000; i++) text += `4${Array.from({ length: 15 }, () => random(10)).join("")}\n`;
  const hits = cardsIn(text);
  assert.ok(hits.length > 50, `${hits.length}`);
  // The first ones come before it shows what kind of list it is.
  assert.ok(hits.filter(({ confidence }) => confidence >= ALERT_CONFIDENCE).length <= 1);
  assert.ok(hits.at(-1)!.reasons.includes("many_like_it_fail_luhn"));
});

Deno.test("a list of groups, or of numbers with a length before them, of which few pass Luhn: notes", () => {
  const random = seeded(6);
  const four = () => Array.from({ length: 4 }, () => random(10)).join("");
  let [groups, fields] = ["", ""];
  for (let i = 0; i < 600; i++) {
    groups += `4${four().slice(1)} ${four()} ${four()} ${four()}\n`;
    fields += `\x104${four().slice(1)}${four()}${four()}${four()}\0`;
  }
  for (const text of [groups, fields]) {
    const hits = cardsIn(text);
    assert.ok(hits.length > 30, `${hits.length}`);
    assert.ok(hits.filter(({ confidence }) => confidence >= ALERT_CONFIDENCE).length <= 2);
  }
});

Deno.test("a list of another scheme's numbers that all pass Luhn (14 digits, any beginning): notes", () => {
  const random = seeded(7);
  let text = "";
  for (let i = 0; i < 400; i++) {
    const body = `${3 + random(7)}${Array.from({ length: 12 }, () => random(10)).join("")}`;
    text += `${body}${luhn(body)};Dupont\n`;
  }
  const hits = cardsIn(text);
  assert.ok(hits.length > 20, `${hits.length}`);
  assert.ok(hits.filter(({ confidence }) => confidence >= ALERT_CONFIDENCE).length <= 6);
  assert.ok(cardsIn("30569309025904 x")[0].confidence >= ALERT_CONFIDENCE, "one alone is Diners Club's");
});

Deno.test("a number is found with what is typed behind it, and as a column", () => {
  const groups = grouped(VISA, " ");
  for (const behind of ["12 29", "12 2029", "1229", "12 29 123", "1229 1234", "12/29 123", "123"]) {
    const [hit] = cardsIn(`card: ${groups} ${behind}\n`);
    assert.equal(hit?.masked, "453957******1486", behind);
    assert.ok(hit.confidence >= ALERT_CONFIDENCE, behind);
  }
  assert.ok(cardsIn(`x: ${groups} 1229\n`)[0].confidence < ALERT_CONFIDENCE, "five groups of four");
  assert.deepEqual(cardsIn(`card: ${groups} 9929\n`), [], "no month");
  for (const row of [`a,0,${VISA},12/29\n`, `0,${VISA},x\n`]) {
    assert.ok(cardsIn(row)[0].confidence >= ALERT_CONFIDENCE, row);
  }
  assert.ok(cardsIn(`x=0,${VISA}; y`)[0].confidence < ALERT_CONFIDENCE, "a fraction");
});

Deno.test("words decide: what a parser says of a lane counts like words in the text", () => {
  const confidence = (text: string, context?: string) => cardsIn(text, { context })[0].confidence;
  assert.ok(confidence("4222222222222") < ALERT_CONFIDENCE);
  assert.ok(confidence("4222222222222", "cardnumber") >= ALERT_CONFIDENCE);
  assert.ok(confidence(`"${VISA}"`, "text/css") < confidence(`"${VISA}"`));
  assert.ok(confidence(`order=7&card=${VISA}&`) >= ALERT_CONFIDENCE);
  assert.ok(confidence("4222222222222 exp 12/29 cvv 123 and so on, a long line of text") >= ALERT_CONFIDENCE);
});

Deno.test("published test numbers are cards, and said to be published", () => {
  const [hit] = cardsIn("card=4111111111111111&");
  assert.ok(hit.confidence >= ALERT_CONFIDENCE);
  assert.ok(hit.reasons.includes("published_test_number"));
});

Deno.test("random bytes, random base64 and ordinary text hold no card", () => {
  for (
    const kind of [
      ...ORDINARY,
      ...HOSTILE.filter(({ name }) => !/valid|16 digits|groups of four|blanks/.test(name)),
    ]
  ) {
    const alerts = cardsIn(kind.make(300_000, 9), { cut: () => 1460 }).filter(({ confidence }) =>
      confidence >= ALERT_CONFIDENCE
    );
    assert.deepEqual(alerts.map(({ masked }) => masked), [], kind.name);
  }
});

/** Pieces of all that a search reacts to, at random. */
function medley(seed: number, pieces: number, between = ""): Uint8Array {
  const random = seeded(seed);
  const digits = (n: number) => Array.from({ length: n }, () => random(10)).join("");
  let text = "";
  for (let i = 0; i < pieces; i++) {
    const card = [VISA, MASTERCARD, "378282246310005", "30569309025904", "6205500000000000004"][random(5)];
    text += [
      () => " ",
      () => "\n",
      () => `${digits(1 + random(25))}`,
      () => `${digits(4)} ${digits(4)} `,
      () => card,
      () => `card=${card}&`,
      () => each(card, (c) => `%3${c}`),
      () => each(card, (c) => `\\u003${c}`),
      () => each(card, (c) => `&#x3${c};`),
      () => grouped(VISA, [" ", "-", "%20", "\xc2\xa0"][random(4)]),
      () => ` ${btoa(`x${card}y`)} `,
      () => utf16(` ${card} `),
      () => `${card.slice(0, 7)}=\r\n${card.slice(7)}`,
      () => `"order_id":"`,
      () => `\x10${VISA}7`,
      () => "abcdefghijklmnopqrstuvwxyz ".slice(random(20)),
      () => `%${digits(2)}`,
      () => String.fromCharCode(random(256), random(256), random(256)),
      () => ",",
      () => ".",
    ][random(20)]() + between;
  }
  return latin1(text);
}

Deno.test("same verdict for every cut of a medley", () => {
  for (let seed = 1; seed <= 150; seed++) {
    const bytes = medley(seed, 60);
    const expected = verdict(cardsIn(bytes));
    const random = seeded(seed);
    for (const longest of [2, 20, 200]) {
      assert.equal(
        verdict(cardsIn(bytes, { cut: () => 1 + random(longest) })),
        expected,
        `seed ${seed}, ${longest}`,
      );
    }
    assert.equal(verdict(cardsIn(bytes, { cut: () => 1 })), expected, `seed ${seed}, bytewise`);
  }
});

Deno.test("the probe finds what a look at every byte finds", () => {
  let cards = 0;
  for (let seed = 1; seed <= 300; seed++) {
    // Whole pieces: what a number half in one escape and half in another is, is nobody's concern.
    const bytes = medley(seed + 1000, 40, " ");
    if (bytes[0] <= 2 || [0x30, 0x31, 0x60, 0xf0, 0xf1].includes(bytes[0])) continue; // Might be ISO 8583.
    const oracle = new EveryByte();
    oracle.search(bytes);
    const expected = new Set(
      oracle.found.filter(({ confidence }) => confidence >= 0.25).map(({ number }) =>
        number.slice(0, 6) + number.slice(-4)
      ),
    );
    const found = new Set(cardsIn(bytes).map(({ masked, last4 }) => masked.slice(0, 6) + last4));
    assert.deepEqual([...found].sort(), [...expected].sort(), `seed ${seed + 1000}`);
    cards += found.size;
  }
  assert.ok(cards > 300);
});

Deno.test("one hit a card and flow, counted; an event when new and when a note becomes an alert", () => {
  const told: [string, number, boolean][] = [];
  const lanes = new CardLanes(
    new CardServices(KEY),
    (hit, isNew) => told.push([hit.last4, hit.count, isNew]),
  );
  const say = (direction: number, lane: number, text: string, timeUs: number) => {
    lanes.scan(direction, lane, latin1(text), 0, text.length, "plain", timeUs);
    lanes.scanEnd(direction, lane);
  };
  say(0, 0, `order_id=${VISA} `, 10);
  say(0, 0, `card=${VISA} `, 20);
  say(1, 3, `echo ${VISA} `, 30);
  say(1, 3, `card=${MASTERCARD} `, 40);
  assert.deepEqual(told, [["1486", 1, true], ["1486", 2, true], ["1486", 3, false], ["9903", 1, true]]);
  const [first, second] = [...lanes.cards()];
  assert.deepEqual([first.direction, first.count, first.firstUs, first.lastUs], [0, 3, 10, 30]);
  assert.equal(second.direction, 1);
});

Deno.test("lanes and directions are texts of their own; a text ends at scanEnd", () => {
  const run = (
    feed: (scan: (direction: number, lane: number, text: string) => void, lanes: CardLanes) => void,
  ) => {
    const lanes = new CardLanes(new CardServices(KEY), () => {});
    feed(
      (direction, lane, text) => lanes.scan(direction, lane, latin1(text), 0, text.length, "plain", 1),
      lanes,
    );
    lanes.close();
    return [...lanes.cards()].length;
  };
  const [a, b] = [`card=${VISA.slice(0, 9)}`, `${VISA.slice(9)}&`];
  assert.equal(run((scan) => (scan(0, 0, a), scan(0, 0, b))), 1);
  assert.equal(run((scan) => (scan(0, 0, a), scan(1, 0, "77777"), scan(0, 2, "777"), scan(0, 0, b))), 1);
  assert.equal(run((scan) => (scan(0, 0, a), scan(0, 1, b))), 0);
  assert.equal(run((scan) => (scan(0, 0, a), scan(1, 0, b))), 0);
  assert.equal(run((scan, lanes) => (scan(0, 0, a), lanes.scanEnd(0, 0), scan(0, 0, b))), 0);
});

Deno.test("told as soon as its end is seen, not when the flow ends", () => {
  const told: CardHit[] = [];
  const lanes = new CardLanes(new CardServices(KEY), (hit) => told.push(hit));
  const text = latin1(`PAY ${VISA} `);
  lanes.scan(0, 0, text, 0, text.length - 1, "plain", 1);
  assert.equal(told.length, 0);
  lanes.scan(0, 0, text, text.length - 1, text.length, "plain", 2);
  assert.equal(told.length, 1);
});

Deno.test("datagrams are searched whole, without memory between them", () => {
  const services = new CardServices(KEY);
  const lanes = new CardLanes(services, () => {});
  const send = (text: string) => lanes.scanWhole(0, latin1(text), 0, text.length, "plain", 1);
  send(`<13>shop: card=${VISA.slice(0, 8)}`);
  send(`${VISA.slice(8)} declined`);
  assert.equal([...lanes.cards()].length, 0);
  send(`<13>shop: card=${VISA}`);
  send(`0200702000000000000016${VISA}000000000000012500000123`);
  assert.deepEqual([...lanes.cards()].map(({ count }) => count), [2]);
  // What only begins like ISO 8583 is text, however long.
  for (const length of [0, 700, 750, 760, 1000]) send(`0${"z".repeat(length)} card ${VISA} and more`);
  assert.deepEqual([...lanes.cards()].map(({ count }) => count), [7]);
  assert.equal(services.pool.rows, 0);
});

Deno.test("bytes may lie in shared memory", () => {
  const text = `card ${VISA} and ${btoa(`card ${MASTERCARD} `)} `;
  const shared = new Uint8Array(new SharedArrayBuffer(text.length));
  shared.set(latin1(text));
  const lanes = new CardLanes(new CardServices(KEY), () => {});
  lanes.scan(0, 0, shared, 0, 10, "plain", 1);
  lanes.scan(0, 0, shared, 10, text.length, "plain", 1);
  lanes.close();
  assert.equal([...lanes.cards()].length, 2);
});

Deno.test("the encoding names what is outside and what is inside", () => {
  assert.equal(cardsIn(`card ${VISA};`, { encoding: "gzip" })[0].encoding, "gzip");
  assert.equal(cardsIn(`"${btoa(`card ${VISA} `)}"`, { encoding: "gzip" })[0].encoding, "gzip+base64");
});

Deno.test("the fingerprint depends on number and key, and is no plain hash", () => {
  const of = (key: Uint8Array, number: string) => {
    const lanes = new CardLanes(new CardServices(key), () => {});
    lanes.scanWhole(0, latin1(`card ${number} `), 0, 22, "plain", 1);
    return [...lanes.cards()][0].fingerprint;
  };
  assert.match(of(KEY, VISA), /^[0-9a-f]{24}$/);
  assert.equal(of(KEY, VISA), of(KEY, VISA));
  assert.notEqual(of(KEY, VISA), of(KEY, MASTERCARD));
  assert.notEqual(of(KEY, VISA), of(new Uint8Array(32).fill(8), VISA));
});

Deno.test("no full number in anything told, for any way of writing", () => {
  for (const [name, text] of WRITTEN) {
    const told = JSON.stringify(cardsIn(text));
    for (let length = 11; length <= 16; length++) {
      for (let at = 0; at + length <= 16; at++) assert.ok(!told.includes(VISA.slice(at, at + length)), name);
    }
  }
});

Deno.test("after the text's end nothing of it is held", () => {
  const services = new CardServices(KEY);
  const lanes = new CardLanes(services, () => {});
  const text = latin1(`card ${VISA}`);
  lanes.scan(0, 0, text, 0, text.length, "plain", 1);
  const block = services.pool.block(0);
  assert.ok(new TextDecoder().decode(block).includes(VISA)); // It waits for the byte after it.
  lanes.scanEnd(0, 0);
  assert.ok(block.every((byte) => byte === 0));
});

Deno.test("bounded: cards of a flow, rows of the carry", () => {
  const services = new CardServices(KEY, 3 * CARRY_BYTES);
  let events = 0;
  const lanes = new CardLanes(services, (_, isNew) => void (isNew && events++));
  const random = seeded(3);
  let text = "card ";
  for (let i = 0; i < MAX_CARDS_PER_FLOW + 50; i++) {
    const start = `4${String(100000 + i)}${Array.from({ length: 8 }, () => random(10)).join("")}`;
    text += `${start}${luhn(start)} card\n`;
  }
  lanes.scan(0, 0, latin1(text), 0, text.length, "plain", 1);
  assert.equal(events, MAX_CARDS_PER_FLOW);
  assert.equal(lanes.cardsBeyond, 50);
  for (let lane = 1; lane < 8; lane++) lanes.scan(0, lane, latin1("abc"), 0, 3, "plain", 1);
  assert.equal(services.pool.rows, 3);
  assert.equal(services.pool.exhausted, 5);
  // Without a row a whole number is still found.
  const other = new CardLanes(services, () => {});
  other.scan(0, 0, latin1(` card ${VISA} `), 0, 23, "plain", 1);
  other.close();
  assert.equal([...other.cards()].length, 1);
  lanes.close();
  assert.equal(services.pool.rows, 0);
});

Deno.test("CarryPool hands out rows that do not overlap, wiped, up to its ceiling", () => {
  const pool = new CarryPool(1000 * CARRY_BYTES);
  const rows = Array.from({ length: 1000 }, () => pool.take());
  assert.equal(pool.take(), NO_ROW);
  for (const row of rows) {
    const at = pool.offset(row);
    assert.ok(pool.block(row).subarray(at, at + CARRY_BYTES).every((byte) => byte === 0));
    pool.block(row).fill(1, at, at + CARRY_BYTES);
  }
  for (const row of rows) pool.release(row);
  assert.equal(pool.rows, 0);
  assert.notEqual(pool.take(), NO_ROW);
});

Deno.test("any bytes: no throw, no endless wait", () => {
  const random = seeded(11);
  for (let round = 0; round < 400; round++) {
    const base = medley(round + 5000, 30);
    for (let flips = random(20); flips >= 0; flips--) base[random(base.length)] = random(256);
    const from = random(base.length);
    cardsIn(base.subarray(from), { cut: () => 1 + random(40) });
  }
});
