import { relationName } from '../../model/relation.ts';
import type { Relations, Resolver, VersionRules } from '../resolver.ts';
import { providersOf, satisfies } from './providers.ts';
import { EQUAL, FUZZY, GREATER, LESS, matchesOperator } from './relation.ts';
import type { SolverRules } from './rules.ts';
import { solve } from './solver.ts';

/** Returns a resolver that solves, finds providers and compares versions by the rules of one apk-tools. */
export function resolverOf(rules: SolverRules): Resolver {
  return {
    solve: (request, source) => solve(request, source, rules),
    satisfies: (relation, provider) => satisfies(relation, provider, rules),
    providersOf: (relation, source) => providersOf(relation, source, rules),
    versions: versionsOf(rules),
    relations,
  };
}

/** Operators that apk reads (apk-tools `version.c`, apk_version_op_string). */
const OPERATORS: ReadonlyMap<string, number> = new Map([
  ['=', EQUAL],
  ['<', LESS],
  ['>', GREATER],
  ['<=', LESS | EQUAL],
  ['>=', GREATER | EQUAL],
  ['~', FUZZY | EQUAL],
  ['>~', GREATER | FUZZY | EQUAL],
  ['<~', LESS | FUZZY | EQUAL],
]);

function versionsOf(rules: SolverRules): VersionRules {
  return {
    compare: rules.compareVersions,
    holds(a, text, version) {
      const operator = OPERATORS.get(text);
      return operator === undefined ? undefined : matchesOperator(a, { operator, version }, rules);
    },
    isValid: rules.isValidVersion,
  };
}

const relations: Relations = {
  /** Returns the name before an operator or a repository's tag: `git` of `git@edge>2`. */
  targetName(word) {
    const name = relationName(word);
    const tag = name.indexOf('@');
    return tag < 0 ? name : name.slice(0, tag);
  },
  // apk-package(5), "provides"
  provided: [
    { prefix: 'cmd:', title: 'a command provided by', isFileName: true },
    { prefix: 'so:', title: 'a library provided by', isFileName: true },
    { prefix: 'pc:', title: 'a pkg-config module provided by', isFileName: false },
  ],
};
