import type { SolveProblem } from '../../model/package.ts';
import type { Relation } from './relation.ts';
import { type Candidate, isProvided, labelOf, type NameState } from './solver-model.ts';

/** A name or package that the engine could not settle. */
export interface SolveFailure {
  readonly candidate: Candidate | null;
  readonly name: NameState;
  readonly why: string;
}

/** How many candidates a message lists; all of `so:libc…`'s would bury it. */
const MAX_CANDIDATES = 12;

/** One problem a failure, in the order they were met. */
export function explain(failures: readonly SolveFailure[]): readonly SolveProblem[] {
  const problems = failures.flatMap((failure) =>
    failure.candidate === null ? explainName(failure.name) : explainCandidate(failure.candidate, failure),
  );
  const seen = new Set<string>();
  return problems.filter((problem) => {
    const key = `${problem.kind} ${problem.requirement} ${problem.chain.join(' ')}`;
    return !seen.has(key) && seen.add(key);
  });
}

function explainName(name: NameState): SolveProblem[] {
  const asked = name.askedBy.find(({ relation }) => !relation.conflict);
  const requirement = asked?.relation.text ?? name.name;
  const chain = chainTo(asked?.by ?? null);
  const candidates = candidatesOf(name);
  const by = chain.at(-1) ?? 'world';
  if (name.providers.length === 0) {
    const message = `${requirement}: no such package, asked for by ${by}`;
    return [{ kind: 'unknown', requirement, chain, message, candidates }];
  }
  const message = `${requirement}: asked for by ${by}; ${candidates.join(', ')} could provide it, and none of them is chosen unasked: name one`;
  return [{ kind: 'version', requirement, chain, message, candidates }];
}

function explainCandidate(candidate: Candidate, failure: SolveFailure): SolveProblem[] {
  const label = labelOf(candidate);
  if (candidate.selectable && !candidate.tagOk) {
    const asked = failure.name.askedBy[0];
    const tags = [...candidate.tags].map((tag) => `@${tag}`).join(', ');
    return [
      {
        kind: 'masked',
        requirement: asked?.relation.text ?? failure.name.name,
        chain: chainTo(asked?.by ?? null),
        message: `${label} is only in a tagged repository (${tags}): ask for ${candidate.package.name}${tags.split(', ')[0]}`,
        candidates: [label],
      },
    ];
  }
  const broken = unmetBy(candidate);
  if (broken.length > 0) {
    return broken.map(({ relation, by }) => ({
      kind: relation.conflict ? 'conflict' : 'version',
      requirement: relation.text,
      chain: chainTo(by),
      message: `${label} breaks ${labelOf(by)}, which needs ${relation.text}`,
      candidates: candidatesOf(failure.name),
    }));
  }
  const missing = candidate.depends.filter(
    ({ relation, name }) =>
      !relation.conflict &&
      !name.providers.some(
        (other) =>
          isProvided(relation, other, candidate) && (other.candidate.selectable || other === name.chosen),
      ),
  );
  if (missing.length > 0) {
    return missing.map(({ relation, name }) => ({
      kind: name.providers.length === 0 ? 'unknown' : 'version',
      requirement: relation.text,
      chain: chainTo(candidate),
      message:
        name.providers.length === 0
          ? `${relation.text}: no such package, asked for by ${label}`
          : `${relation.text}: asked for by ${label}, and nothing that can be installed provides it`,
      candidates: candidatesOf(name),
    }));
  }
  return [
    {
      kind: 'conflict',
      requirement: failure.name.name,
      chain: chainTo(candidate.name.askedBy[0]?.by ?? null),
      message: `${label} cannot be installed: ${failure.why || candidate.disqualified}`,
      candidates: candidatesOf(failure.name),
    },
  ];
}

/** Requirements on any of the candidate's names that it does not meet. */
function unmetBy(candidate: Candidate): { relation: Relation; by: Candidate | null }[] {
  const names = new Set([candidate.name, ...candidate.provides.map((provide) => provide.name)]);
  return [...names].flatMap((name) =>
    name.askedBy.filter(
      ({ by, relation }) =>
        by !== candidate &&
        name.providers.some((one) => one.candidate === candidate && !isProvided(relation, one, by)),
    ),
  );
}

/** `['world', 'a-1', 'b-2']`: how a package came to be wanted, outermost first. */
function chainTo(candidate: Candidate | null): readonly string[] {
  const chain: string[] = [];
  const seen = new Set<Candidate>();
  let at = candidate;
  while (at !== null && !seen.has(at)) {
    seen.add(at);
    chain.unshift(labelOf(at));
    at = askerOf(at);
  }
  return ['world', ...chain];
}

function askerOf(candidate: Candidate): Candidate | null {
  const names = [candidate.name, ...candidate.provides.map((provide) => provide.name)];
  const asked = names.flatMap((name) => name.askedBy).find(({ relation }) => !relation.conflict);
  return asked?.by ?? null;
}

function candidatesOf(name: NameState): readonly string[] {
  return [...new Set(name.providers.map(({ candidate }) => labelOf(candidate)))].slice(0, MAX_CANDIDATES);
}
