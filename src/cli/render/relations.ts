import type {
  Chain,
  DependentsReport,
  DependsReport,
  PackageRef,
  ProviderEntry,
  ProvidersReport,
  ResolvedRelation,
  WhyReport,
} from '../../model/relation-report.ts';
import { count, printable, table } from './format.ts';
import { relationText, strokesOf } from './tree.ts';

/** Longer lists are cut; `--json` has them in full. */
const MAX_EXAMPLES = 5;

function label({ name, version }: PackageRef): string {
  return `${name}-${version}`;
}

function some(words: readonly string[]): string {
  const shown = words.slice(0, MAX_EXAMPLES).join(', ');
  return words.length > MAX_EXAMPLES ? `${shown} and ${words.length - MAX_EXAMPLES} more` : shown;
}

function examples(packages: readonly PackageRef[]): string {
  return some(packages.map(label));
}

function resolution({ kind, package: entry, providers }: ResolvedRelation): string {
  if (kind === 'conflicts') return 'must not be installed together with it';
  if (entry !== undefined) return label(entry);
  if (providers.length === 0) return 'not in these repositories';
  return `none automatically; provided by ${examples(providers)}`;
}

function renderDependsOf(report: DependsReport): string {
  const title = printable(`${label(report)} (${report.repository})`);
  if (report.relations.length === 0) return `${title}\ndepends on nothing\n`;
  const listing = table(
    [{ title: 'RELATION' }, { title: 'KIND' }, { title: 'RESOLVES TO' }, { title: 'REPOSITORY' }],
    report.relations.map((relation) => [
      relation.purpose === '' ? relation.relation : `${relation.relation}: ${relation.purpose}`,
      relation.kind,
      resolution(relation),
      relation.package?.repository ?? '',
    ]),
  );
  return `${title}\n\n${listing}`;
}

/** Renders the dependencies of packages, a table for each package. */
export function renderDepends(reports: readonly DependsReport[]): string {
  return reports.map(renderDependsOf).join('\n');
}

/** Renders what depends on a package or name, as a table. */
export function renderDependents({ name, packages, dependents }: DependentsReport): string {
  const [only] = packages;
  const subject =
    packages.length === 1 && only !== undefined ? label(only) : `${name} (${examples(packages)})`;
  if (dependents.length === 0) return printable(`nothing depends on ${subject}\n`);
  const isDeep = dependents.some(({ depth }) => depth > 1);
  const listing = table(
    [
      ...(isDeep ? [{ title: 'DEPTH', align: 'right' as const }] : []),
      { title: 'PACKAGE' },
      { title: 'VERSION' },
      { title: 'REPOSITORY' },
      ...(isDeep ? [{ title: 'ON' }] : []),
      { title: 'KIND' },
      { title: 'RELATION' },
    ],
    dependents.map((entry) => [
      ...(isDeep ? [String(entry.depth)] : []),
      entry.name,
      entry.version,
      entry.repository,
      ...(isDeep ? [entry.on] : []),
      entry.kind,
      some(entry.relations),
    ]),
  );
  const amount = new Set(dependents.map((entry) => `${label(entry)} ${entry.repository}`)).size;
  return `${listing}\n${printable(`${count(amount, 'package')} ${amount === 1 ? 'depends' : 'depend'} on ${subject}`)}\n`;
}

function renderChain({ root, steps }: Chain, env: NodeJS.ProcessEnv): string {
  const strokes = strokesOf(env);
  const lines = steps.map(
    (edge, depth) => `${strokes.blank.repeat(depth)}${strokes.last}${edge.to}${relationText(edge)}\n`,
  );
  return printable(`${root}\n${lines.join('')}`);
}

function renderAbsence({ name, targets, setSize, absence }: WhyReport): string {
  const { packages = [], dependents = [], installIf = [] } = absence ?? {};
  const lines = [
    `${examples(packages.slice(0, 1))} is not among the ${count(setSize, 'package')} of ${targets.join(', ')}`,
    dependents.length === 0
      ? `nothing in the repositories depends on ${name}: only a request for it installs it`
      : `${count(dependents.length, 'package')} would install it: ${examples(dependents)} (compose rdepends ${name})`,
    ...installIf.map(({ rule, missing }) => `install_if ${rule}: does not hold, ${missing.join(' ')} fails`),
  ];
  return `${lines.map(printable).join('\n')}\n`;
}

/** Renders the chains that lead to a package, or the reason why it is not installed. `env` has the locale of the tree's lines. */
export function renderWhy(report: WhyReport, env: NodeJS.ProcessEnv): string {
  if (report.package === undefined) return renderAbsence(report);
  const chains = report.chains.map((chain) =>
    chain.steps.length === 0 ? printable(`${chain.root} was requested itself\n`) : renderChain(chain, env),
  );
  return chains.join('\n');
}

/** Explains why apk would not choose the package by the name alone. */
function stateOf({ unasked, tag }: ProviderEntry): string {
  if (unasked) return '';
  return tag === ''
    ? 'only when requested by name: no version, no priority'
    : `only when requested with @${tag}`;
}

function providerRow(entry: ProviderEntry, chosen: PackageRef | undefined): readonly string[] {
  const isChosen =
    chosen?.name === entry.name && chosen.version === entry.version && chosen.repository === entry.repository;
  return [
    entry.name,
    entry.version,
    entry.repository,
    entry.by,
    String(entry.providerPriority),
    isChosen ? 'chosen' : stateOf(entry),
  ];
}

/** Renders the packages that provide each name, and which of them is chosen. */
export function renderProviders(reports: readonly ProvidersReport[]): string {
  const texts = reports.map(({ name, providers, chosen, refusal }) => {
    const listing = table(
      [
        { title: 'PACKAGE' },
        { title: 'VERSION' },
        { title: 'REPOSITORY' },
        { title: 'PROVIDES' },
        { title: 'PRIORITY', align: 'right' },
        { title: 'STATE' },
      ],
      providers.map((entry) => providerRow(entry, chosen)),
    );
    const title = reports.length > 1 ? `${printable(name)}\n\n` : '';
    return `${title}${listing}${refusal === '' ? '' : `\nno provider is chosen: ${printable(refusal)}\n`}`;
  });
  return texts.join('\n');
}
