/** A part of a subject, with what is interested in exactly it and in all below it. */
interface Branch<Interest> {
  readonly below: Map<string, Branch<Interest>>;
  /** Of subjects that end here, and of all that go on from here. */
  readonly exact: Set<Interest>;
  readonly rest: Set<Interest>;
}

/**
 * Interests by subject, where `*` stands for one token and `>` for one or more at the end.
 *
 * What is found is in the order of the tree, which depends on the order of adding alone.
 */
export class SubjectTree<Interest> {
  readonly #root = branch<Interest>();

  add(pattern: string, interest: Interest): void {
    const { at, isRest } = this.#reach(pattern);
    (isRest ? at.rest : at.exact).add(interest);
  }

  delete(pattern: string, interest: Interest): void {
    const { at, isRest } = this.#reach(pattern);
    (isRest ? at.rest : at.exact).delete(interest);
  }

  /** All that are interested in a subject. */
  find(subject: string): Interest[] {
    const found: Interest[] = [];
    collect(this.#root, { tokens: subject.split("."), found }, 0);
    return found;
  }

  #reach(pattern: string): { at: Branch<Interest>; isRest: boolean } {
    const tokens = pattern.split(".");
    const isRest = tokens.at(-1) === ">";
    if (isRest) tokens.pop();
    let at = this.#root;
    for (const token of tokens) {
      const next = at.below.get(token) ?? branch<Interest>();
      at.below.set(token, next);
      at = next;
    }
    return { at, isRest };
  }
}

function branch<Interest>(): Branch<Interest> {
  return { below: new Map(), exact: new Set(), rest: new Set() };
}

function collect<Interest>(
  at: Branch<Interest>,
  search: { readonly tokens: readonly string[]; readonly found: Interest[] },
  depth: number,
): void {
  const { tokens, found } = search;
  const token = tokens[depth];
  if (token === undefined) {
    for (const interest of at.exact) found.push(interest);
    return;
  }
  for (const interest of at.rest) found.push(interest);
  const named = at.below.get(token);
  if (named !== undefined) collect(named, search, depth + 1);
  const any = at.below.get("*");
  if (any !== undefined) collect(any, search, depth + 1);
}
