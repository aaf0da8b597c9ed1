import { count } from '../../../model/amounts.ts';
import type { PackageReport, ShowReport } from '../../../model/package-report.ts';
import type { DependentsReport, DependsReport, ResolvedRelation } from '../../../model/relation-report.ts';
import type { Choice } from '../choices.ts';
import { type Html, html, webAddress } from '../html.ts';
import { hrefOf, type Visit } from '../visit.ts';
import { bagSwitch, number, packageLink, scrollable, size } from './parts.ts';

/** Lists that are longer are cut, with their true length; JSON has all. */
const MAX_LISTED = 200;

/** A release and architecture with its version of a package; undefined: it was not known in time. */
export interface VersionRow {
  readonly choice: Choice;
  readonly packages: readonly PackageReport[] | undefined;
}

/** Everything on a package's page. */
export interface PackageFacts {
  readonly shown: ShowReport;
  readonly depends: readonly DependsReport[];
  readonly dependents: DependentsReport;
  readonly versions: readonly VersionRow[];
}

/** Renders a package: what it is, what it needs, who needs it. */
export function packagePage(visit: Visit, entry: PackageReport, facts: PackageFacts): Html {
  const { shown, depends, dependents, versions } = facts;
  return html`<section class="head"><div><h1>${entry.name} <span class="version">${entry.version}</span></h1><p class="lead">${entry.description}</p></div>
<p class="inline">${bagSwitch(visit, entry.name, { path: '/package', more: { name: entry.name }, look: 'primary' })}</p></section>
${shown.by === 'provides' && providedPanel(visit, shown)}
<div class="columns">
<section><h2 class="section-head">Package</h2>${factList(entry)}</section>
<section><h2 class="section-head">Origin and trust</h2>${trustList(entry)}</section>
</div>
${versionTable(visit, versions)}
<div class="columns">
<section>${relationSection(visit, depends)}</section>
<section>${dependentSection(visit, dependents)}</section>
</div>
<div class="columns">
${wordSection('Provides', entry.provides)}
${wordSection('Replaces', entry.replaces)}
${wordSection('Conflicts', entry.conflicts)}
${wordSection('Installed automatically with', entry.installIf)}
</div>
<section><div class="section-head"><h2>Files</h2>${entry.cached !== undefined && html`<p>${count(entry.cached.files, 'path')}</p>`}</div>
<p><a href="${hrefOf('/package/files', visit, { name: entry.name })}">Show the files of ${entry.name}</a></p>
${entry.cached === undefined && html`<p class="note">The archive (${size(entry.sizeBytes)}) is fetched and verified for this.</p>`}</section>`;
}

function providedPanel(visit: Visit, { target, packages }: ShowReport): Html {
  const names = [...new Set(packages.map(({ name }) => name))];
  return html`<section class="panel"><h2>No package is called ${target}</h2><p>It is provided by ${names.map(
    (name, index) => html`${index > 0 && ', '}${packageLink(visit, name)}`,
  )}.</p></section>`;
}

type Fact = readonly [label: string, value: Html | string | false | undefined];

function list(facts: readonly Fact[]): Html {
  return html`<dl class="facts">${facts.map(
    ([label, value]) =>
      value !== undefined && value !== false && value !== '' && html`<dt>${label}</dt><dd>${value}</dd>`,
  )}</dl>`;
}

function factList(entry: PackageReport): Html {
  const home = webAddress(entry.homepage);
  return list([
    ['Repository', `${entry.repository} (${entry.release}, ${entry.architecture})`],
    ['Licence', entry.license],
    [
      'Homepage',
      home === undefined
        ? entry.homepage
        : html`<a href="${home}" rel="noopener noreferrer nofollow">${entry.homepage}</a>`,
    ],
    ['Download', size(entry.sizeBytes)],
    ['Installed', size(entry.installedSizeBytes)],
    ['Groups', entry.groups.join(', ')],
    ['Source package', entry.origin !== entry.name && entry.origin],
    ['Maintainer', entry.maintainer],
    [
      'Built',
      entry.buildDate !== undefined &&
        html`<time datetime="${entry.buildDate}">${entry.buildDate.slice(0, 10)}</time>`,
    ],
    ['Commit', entry.commit !== '' && html`<span class="mono">${entry.commit}</span>`],
  ]);
}

function trustList({ indexSignedBy, signature, cached, checksum, url }: PackageReport): Html {
  const mono = (text: string): Html | false => text !== '' && html`<span class="mono">${text}</span>`;
  return list([
    ['Index signed by', mono(indexSignedBy) || 'no key: accepted unsigned'],
    ['Archive signed by', cached !== undefined && (mono(cached.signedBy) || 'no key: accepted unsigned')],
    ['Signature', signature && 'in the index'],
    ['Checksum', mono(checksum)],
    ['Digest', cached !== undefined && mono(cached.digest)],
    [
      'Layer',
      cached !== undefined &&
        (cached.derived === ''
          ? `the archive itself (${cached.compression})`
          : `repacked: ${cached.derived}`),
    ],
    ['Scripts', cached?.scripts.join(', ')],
    [
      'On this server',
      cached === undefined
        ? 'not yet: fetched and verified when an image needs it'
        : cached.stored
          ? 'yes, verified'
          : 'its facts; the archive is fetched when needed',
    ],
    ['Archive', mono(url)],
  ]);
}

function versionTable(visit: Visit, rows: readonly VersionRow[]): Html {
  return html`<section><h2 class="section-head" id="versions">Versions</h2>${scrollable(
    'Versions',
    html`<table><thead><tr><th scope="col">Release</th><th scope="col">Architecture</th><th scope="col">Version</th><th scope="col" class="wide">Repository</th><th scope="col" class="number">Download</th></tr></thead><tbody>${rows.map(
      (row) => versionRows(visit, row),
    )}</tbody></table>`,
  )}</section>`;
}

function versionRows(visit: Visit, { choice, packages }: VersionRow): Html {
  const there = { ...visit, choice };
  const head = (name: string) =>
    html`<th scope="row">${choice.id === visit.choice.id ? choice.release : html`<a href="${hrefOf('/package', there, { name })}">${choice.release}</a>`}</th><td>${choice.architecture}</td>`;
  if (packages === undefined || packages.length === 0) {
    return html`<tr>${head(visit.name)}<td colspan="3" class="quiet">${packages === undefined ? 'not known at the moment' : 'not there'}</td></tr>`;
  }
  return html`${packages.map(
    (entry) =>
      html`<tr>${head(entry.name)}<td class="mono">${entry.version}</td><td class="wide">${entry.repository}</td><td class="number">${size(entry.sizeBytes)}</td></tr>`,
  )}`;
}

function relationSection(visit: Visit, reports: readonly DependsReport[]): Html {
  const relations = reports.flatMap((report) => report.relations);
  const needed = relations.filter(({ kind }) => kind === 'depends');
  return html`<div class="section-head"><h2>Needs</h2><p>${count(needed.length, 'dependency', 'dependencies')}</p></div>
${relations.length === 0 && html`<p class="quiet">Nothing.</p>`}
${relations.length > 0 && relationTable(visit, relations)}`;
}

function relationTable(visit: Visit, relations: readonly ResolvedRelation[]): Html {
  return scrollable(
    'Dependencies',
    html`<table><thead><tr><th scope="col">Relation</th><th scope="col">Met by</th></tr></thead><tbody>${relations
      .slice(0, MAX_LISTED)
      .map(
        ({ kind, relation, purpose, package: chosen }) =>
          html`<tr><th scope="row" class="mono">${relation}</th><td>${
            kind === 'conflicts'
              ? html`<span class="quiet">must not be installed</span>`
              : chosen === undefined
                ? html`<span class="quiet">no package</span>`
                : packageLink(visit, chosen.name)
          }${kind === 'optional' && html` <span class="tag">optional</span> <span class="quiet">${purpose}</span>`}</td></tr>`,
      )}</tbody></table>`,
  );
}

function dependentSection(visit: Visit, { dependents }: DependentsReport): Html {
  const names = [...new Set(dependents.map(({ name }) => name))];
  return html`<div class="section-head"><h2>Needed by</h2><p>${count(names.length, 'package')}</p></div>
${names.length === 0 && html`<p class="quiet">No package.</p>`}
<p>${names.slice(0, MAX_LISTED).map((name, index) => html`${index > 0 && ', '}${packageLink(visit, name)}`)}${
    names.length > MAX_LISTED &&
    html` <span class="quiet">and ${number(names.length - MAX_LISTED)} more</span>`
  }</p>`;
}

function wordSection(title: string, words: readonly string[]): Html | false {
  if (words.length === 0) return false;
  const more = words.length - MAX_LISTED;
  return html`<section><div class="section-head"><h2>${title}</h2></div><p class="mono">${words.slice(0, MAX_LISTED).join('  ')}${more > 0 && ` and ${number(more)} more`}</p></section>`;
}
