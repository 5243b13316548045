/** Comments, strings and quoted names, each as one; words; every other character but space. */
const token = new RegExp(
  [
    /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/,
    /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]/,
    /[\w$\u0080-\uffff]+|\S/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "g",
);

/** A statement's tokens: words in capitals, strings and quoted names as they are written. */
export type SqlStatement = readonly string[];

/**
 * Splits SQL into statements, without their comments. The statements in the body of a trigger
 * belong to the one that creates it, as SQLite sees it.
 */
export function sqlStatements(sql: string): SqlStatement[] {
  const statements: string[][] = [];
  let current: string[] = [];
  for (const [found] of sql.matchAll(token)) {
    if (found.startsWith("--") || found.startsWith("/*")) continue;
    if (found !== ";" || isWithinTrigger(current)) {
      current.push(/^[\w$\u0080-\uffff]/.test(found) ? found.toUpperCase() : found);
      continue;
    }
    if (current.length > 0) statements.push(current);
    current = [];
  }
  return current.length > 0 ? [...statements, current] : statements;
}

/** A trigger goes on until an END right after a semicolon. */
function isWithinTrigger(tokens: SqlStatement): boolean {
  const [first, second, third] = tokens;
  const isTrigger = first === "CREATE" && (second === "TRIGGER" || third === "TRIGGER");
  return isTrigger && !(tokens.at(-1) === "END" && tokens.at(-2) === ";");
}

/** Tells whether a statement begins, commits or undoes a transaction. */
export function isTransactional([first]: SqlStatement): boolean {
  return ["BEGIN", "COMMIT", "END", "ROLLBACK"].includes(first ?? "");
}

/**
 * Tells whether a statement adds, and takes nothing away. It is a guess on the safe side: false for
 * everything but new tables, views and indexes, new columns, new rows, new triggers that only look
 * or add, and indexes that go.
 */
export function isAdditive(statement: SqlStatement): boolean {
  const [first, second, third] = statement;
  if (first === "CREATE") {
    if (second === "TRIGGER") return !takesAway(statement.slice(statement.indexOf("BEGIN")));
    return ["TABLE", "VIRTUAL", "VIEW", "INDEX", "UNIQUE"].includes(second ?? "");
  }
  if (first === "INSERT") return second === "INTO" && !statement.includes("CONFLICT");
  // An index holds nothing that is not in its table.
  if (first === "DROP") return second === "INDEX";
  if (first !== "ALTER" || second !== "TABLE" || third === undefined) return false;
  return statement[statement[3] === "." ? 5 : 3] === "ADD";
}

function takesAway(statement: SqlStatement): boolean {
  return statement.some((one) => ["DELETE", "UPDATE", "REPLACE"].includes(one));
}

/** The trigger or index that a statement drops, if it does, without its quotes. */
export function dropped(
  statement: SqlStatement,
): { readonly type: "trigger" | "index"; readonly name: string }[] {
  const [first, second] = statement;
  if (first !== "DROP" || (second !== "TRIGGER" && second !== "INDEX")) return [];
  const type = second === "INDEX" ? "index" : "trigger";
  return statement.slice(-1).map((name) => ({ type, name: name.replace(/^["'`[]|["'`\]]$/g, "") }));
}
