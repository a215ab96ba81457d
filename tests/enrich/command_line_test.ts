/** Secrets in arguments do not reach the dashboard, and what is no secret does. */
import assert from "node:assert/strict";
import { maskCommandLine, MAX_COMMAND_LINE } from "../../enrich/command_line.ts";

const MASKED: [string[], string][] = [
  [["app", "--password=hunter2"], "app --password=***"],
  [["app", "--password", "hunter2", "next"], "app --password *** next"],
  [["app", "--db-password=hunter2", "--db-user=me"], "app --db-password=*** --db-user=me"],
  [["app", "-password", "hunter2"], "app -password ***"],
  [["app", "--api-key=abc123", "--apiKey", "abc123"], "app --api-key=*** --apiKey ***"],
  [["app", "--client-secret", "s3cr3t"], "app --client-secret ***"],
  [["app", "--access_token:xyz"], "app --access_token:***"],
  [["app", "--passwd", "x", "--pwd=y", "--passphrase=z"], "app --passwd *** --pwd=*** --passphrase=***"],
  [["mysql", "-uroot", "-phunter2", "db"], "mysql -uroot -p*** db"],
  [["/usr/bin/mysqldump", "-ptop-secret"], "/usr/bin/mysqldump -p***"],
  [["mysql", "-p", "db"], "mysql -p db"], // asks for it
  [["mkdir", "-pv", "a/b"], "mkdir -pv a/b"], // not mysql
  [["ssh", "-p", "2222", "host"], "ssh -p 2222 host"],
  [["redis-cli", "-a", "hunter2", "-h", "db"], "redis-cli -a *** -h db"],
  [["sshpass", "-phunter2", "ssh", "host"], "sshpass -p*** ssh host"],
  [["sshpass", "-p", "hunter2", "ssh", "host"], "sshpass -p *** ssh host"],
  [["curl", "-u", "me:hunter2", "https://x/"], "curl -u me:*** https://x/"],
  [["curl", "-ume:hunter2"], "curl -ume:***"],
  [["curl", "--user", "me:hunter2"], "curl --user me:***"],
  [["curl", "-H", "Authorization: Bearer abc.def.ghi"], "curl -H Authorization: Bearer ***"],
  [["curl", "-H", "authorization: Basic bWU6aHVudGVyMg=="], "curl -H authorization: Basic ***"],
  [["curl", "-H", "X-Api-Key: 12345"], "curl -H X-Api-Key: ***"],
  [["curl", "-H", "Cookie: sid=abc; theme=dark"], "curl -H Cookie: ***"],
  [["curl", "-b", "session_token=abc"], "curl -b session_token=***"],
  [["git", "clone", "https://me:hunter2@example.org/r.git"], "git clone https://me:***@example.org/r.git"],
  [["x", "postgres://u:p%40ss@db:5432/app?sslmode=on"], "x postgres://u:***@db:5432/app?sslmode=on"],
  [["x", "redis://:hunter2@cache/0"], "x redis://:***@cache/0"],
  [["x", "https://ex.org/cb?code=1&token=abc&lang=de"], "x https://ex.org/cb?code=1&token=***&lang=de"],
  [
    ["env", "AWS_SECRET_ACCESS_KEY=abc/def", "HOME=/root", "run"],
    "env AWS_SECRET_ACCESS_KEY=*** HOME=/root run",
  ],
  [["env", "GITHUB_TOKEN=abc", "MYSQL_PWD=x", "DB_PASS=y"], "env GITHUB_TOKEN=*** MYSQL_PWD=*** DB_PASS=***"],
  [["docker", "run", "-e", "POSTGRES_PASSWORD=x", "img"], "docker run -e POSTGRES_PASSWORD=*** img"],
  [["psql", "host=db password='a b c' user=me"], "psql host=db password=*** user=me"],
  [["x", '{"password":"a b","user":"me"}'], 'x {"password":***,"user":"me"}'],
  [["sh", "-c", "PASSWORD=hunter2 run --fast"], "sh -c PASSWORD=*** run --fast"],
  [["x", "ghp_0123456789abcdefghij0123456789abcdef"], "x ***"],
  [["x", "AKIAIOSFODNN7EXAMPLE"], "x ***"],
  [["x", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"], "x ***"],
  [["openssl", "enc", "-k", "hunter2"], "openssl enc -k ***"],
  [["smbclient", "-U", "dom/me%hunter2"], "smbclient -U dom/me%***"],
  [["app: worker password=hunter2"], "app: worker password=***"],
];

const LEFT_ALONE: string[][] = [
  ["nginx", "-g", "daemon off;"],
  ["java", "-Xmx2g", "-jar", "app.jar", "--server.port=8080"],
  ["app", "--password-file=/run/secrets/db", "--token-ttl=3600", "--no-password"],
  ["app", "--secret-name", "db", "--auth-url=https://id.example.org/"],
  ["app", "--key=value", "--keyboard=de", "--compass=north", "--author=me"],
  ["curl", "-s", "http://10.0.0.1:8080/path?q=1"],
  ["ssh", "git@example.org"],
  ["python3", "-m", "http.server", "8000"],
];

Deno.test("maskCommandLine() hides what looks secret", () => {
  for (const [args, expected] of MASKED) assert.equal(maskCommandLine(args), expected);
});

Deno.test("maskCommandLine() leaves the rest as it is", () => {
  for (const args of LEFT_ALONE) assert.equal(maskCommandLine(args), args.join(" "));
});

Deno.test("maskCommandLine() is bounded, and keeps no control characters", () => {
  assert.equal(maskCommandLine([]), "");
  assert.equal(maskCommandLine(["a\nb\x1b[31m", "c\u0000d"]), "a b [31m c d");
  assert.equal(maskCommandLine(["x".repeat(100_000)]).length, MAX_COMMAND_LINE);
  assert.equal(maskCommandLine(new Array(100_000).fill("arg")).length, MAX_COMMAND_LINE);
  // A secret must not come out because the cut falls into it.
  assert.ok(!maskCommandLine(["x".repeat(1_000), "--password=hunter2hunter2hunter2"]).includes("hunter2"));
  const began = performance.now();
  for (const nasty of ["a:".repeat(2_000), "=".repeat(4_000), "https://".repeat(500), "eyJ".repeat(1_300)]) {
    maskCommandLine([nasty, nasty]);
  }
  assert.ok(performance.now() - began < 60_000); // ends at all: no pattern runs away
});

Deno.test("card numbers keep their last four digits, other numbers stay", () => {
  const mask = (...args: string[]) => maskCommandLine(["curl", ...args]);
  assert.equal(
    mask("-d", "card=4111111111111111&cvv=123&exp=12/30"),
    "curl -d card=***1111&cvv=***&exp=12/30",
  );
  assert.equal(mask("4111 1111 1111 1111", "3782-822463-10005"), "curl ***1111 ***0005");
  assert.equal(mask("4111", "1111", "1111", "1111"), "curl ***1111", "also in arguments of their own");
  assert.equal(mask("4111\n1111\t1111\n1111"), "curl ***1111");
  assert.equal(mask("?q=4111%201111%201111%201111"), "curl ?q=***1111");
  assert.equal(mask("card_number=378282246310005"), "curl card_number=***");
  const innocent = [
    "4111111111111112",
    "--ts=1700000000000",
    "0.4111111111111111",
    "a4111111111111111",
    "--card=0",
  ];
  assert.equal(mask(...innocent), `curl ${innocent.join(" ")}`);
});
