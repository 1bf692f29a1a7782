// Compile contracts/*.sol with the packages' sources into out/NAME.json ({abi, bytecode}); skip when nothing changed.
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "out");
const names = readdirSync(join(here, "contracts")).filter((name) => name.endsWith(".sol")).sort();
const sources = Object.fromEntries(
  names.map((name) => [name, { content: readFileSync(join(here, "contracts", name), "utf8") }]),
);

const key = createHash("sha256");
for (const file of ["compile.mjs", "package-lock.json"]) key.update(readFileSync(join(here, file)));
for (const name of names) key.update(name).update(sources[name].content);
const digest = key.digest("hex");
const stamp = join(out, "digest");
if (existsSync(stamp) && readFileSync(stamp, "utf8") === digest) process.exit(0);

const solc = createRequire(import.meta.url)("solc");
const input = {
  language: "Solidity",
  sources,
  settings: {
    evmVersion: "cancun",
    optimizer: { enabled: true, runs: 1 },
    outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } },
  },
};
const findImport = (path) => {
  const file = join(here, "node_modules", path);
  return existsSync(file) ? { contents: readFileSync(file, "utf8") } : { error: `${path} is not in node_modules` };
};
const output = JSON.parse(solc.compile(JSON.stringify(input), { import: findImport }));
const errors = (output.errors ?? []).filter((error) => error.severity === "error");
if (errors.length > 0) {
  console.error(errors.map((error) => error.formattedMessage).join("\n"));
  process.exit(1);
}

const write = (name, text) => {
  writeFileSync(join(out, `${name}.new`), text);
  renameSync(join(out, `${name}.new`), join(out, name));
};
mkdirSync(out, { recursive: true });
for (const file of names)
  for (const [name, contract] of Object.entries(output.contracts[file])) {
    const bytecode = contract.evm.bytecode.object;
    if (bytecode) write(`${name}.json`, JSON.stringify({ abi: contract.abi, bytecode: `0x${bytecode}` }));
  }
write("digest", digest);
