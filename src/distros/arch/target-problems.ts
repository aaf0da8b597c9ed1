import type { CatalogPackage, SolveTerm } from '../../model/package.ts';
import { type Failure, labelOf, list, problem, WORLD } from './problems.ts';
import { fullName, type Session } from './session.ts';

/** Explains that the database of a target `database/name` does not exist. */
export function explainUnknownDatabase(database: string, name: string): Failure {
  const message = `no repository is named ${database}`;
  return {
    problem: problem({ kind: 'unknown', subject: name, message }, [
      { verdict: 'requires', requirement: `${database}/${name}`, chain: [WORLD] },
    ]),
    line: `database not found: ${database}`,
  };
}

/**
 * Explains that no package or group matches a target.
 * @param name the target without `repository/`
 */
export function explainUnknownTarget(target: string, name: string, session: Session): Failure {
  const wanted = session.relations.get(name);
  const considered = session.databases.considered(wanted.name);
  const line = `target not found: ${name}`;
  const meeting = session.databases.candidates(wanted);
  const other = meeting.length > 0 ? ' in another repository' : '';
  const candidates = (other === '' ? considered : meeting).map(fullName);
  const labels = (other === '' ? considered : meeting).map((entry) => labelOf(entry, wanted.name, session));
  if (candidates.length === 0) {
    const message = `no such package: ${wanted.name}`;
    const term: SolveTerm = { verdict: 'requires', requirement: target, chain: [WORLD] };
    return { problem: problem({ kind: 'unknown', subject: wanted.name, message }, [term]), line };
  }
  const message = `${target} not found; available: ${list(labels)}${other}`;
  const term: SolveTerm = { verdict: 'breaks', requirement: target, chain: [WORLD] };
  const subject = candidates[0] ?? wanted.name;
  return { problem: problem({ kind: 'version', subject, message, candidates }, [term]), line };
}

/** Explains that two targets have the same name in different databases. */
export function explainDuplicate(known: CatalogPackage, other: CatalogPackage): Failure {
  const message = `${fullName(known)} and ${fullName(other)} of another repository are both requested: a name can be installed only once`;
  return {
    problem: problem(
      {
        kind: 'conflict',
        subject: fullName(other),
        message,
        candidates: [fullName(known), fullName(other)],
      },
      [{ verdict: 'conflicts', requirement: other.name, chain: [WORLD] }],
    ),
    line: `'${other.name}': duplicate target`,
  };
}
