import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Converter, KindRouter } from 'typedoc';

const root = resolve(fileURLToPath(new URL('../..', import.meta.url)));
const { compilerOptions } = JSON.parse(readFileSync(`${root}/tsconfig.json`, 'utf8'));

/** The public entries, by the file that each is made of. */
const entries = new Map(Object.entries(compilerOptions.paths).map(([name, [path]]) => [resolve(root, path), name]));

const pagesOf = (folder) =>
  existsSync(`${root}/${folder}`) ? readdirSync(`${root}/${folder}`).filter((name) => name.endsWith('.md')) : [];

/** Pages in the order in which they are read; those that are not named come after those that are. */
function inOrder(folder, first) {
  const rank = (name) => (first.includes(name) ? first.indexOf(name) : first.length);
  return pagesOf(folder)
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))
    .map((name) => `${folder}/${name}`);
}

const guides = [
  ...['what-can-go-wrong.md', 'policies.md', 'sessions.md', 'relay.md'],
  ...['servers.md', 'nest.md', 'angular.md', 'ai-sdk.md', 'ag-ui.md', 'sdks.md', 'providers.md'],
  ...['telemetry.md', 'inspector.md', 'testing.md', 'architecture.md', 'threat-model.md'],
];

const groups = [
  ['Guides', [...inOrder('docs', guides), 'SECURITY.md']],
  ['Coming from', inOrder('docs/migrating', ['openai-sdk.md', 'ai-sdk.md', 'hand-written-rxjs.md'])],
  ['Examples', examples()],
  ['Marbles', inOrder('marbles', readingOrder())],
];

/** The order in which marbles/README.md lists its files. */
function readingOrder() {
  const listed = [...readFileSync(`${root}/marbles/README.md`, 'utf8').matchAll(/^\| \[([\w-]+\.md)\]/gm)].map(([, name]) => name);
  return ['README.md', ...listed];
}

/** The examples that have a page. */
function examples() {
  const pages = readdirSync(`${root}/examples`, { withFileTypes: true }).map(({ name }) => `examples/${name}/README.md`);
  return pages.filter((page) => existsSync(`${root}/${page}`)).sort();
}

const groupOf = new Map(groups.flatMap(([group, pages]) => pages.map((page) => [page, group])));

/** Modules have the names that they are imported by, and pages the titles that they begin with. */
function names({ converter, renderer }) {
  const addresses = new Map();
  converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, page) => {
    const [, title] = /^# (.+)$/m.exec(page.content.map(({ text }) => text).join('')) ?? [];
    if (title !== undefined) page.name = title.replaceAll('`', '');
    const file = relative(root, page.project.files.getReflectionPath(page) ?? '').replaceAll('\\', '/');
    page.frontmatter.group = groupOf.get(file) ?? 'Guides';
    addresses.set(page, file.replace(/\/README\.md$/, '').replace(/\.md$/, ''));
  });
  converter.on(Converter.EVENT_CREATE_DECLARATION, (context, module) => {
    const file = module.parent === context.project && context.project.files.getReflectionPath(module);
    if (file && entries.has(file)) module.name = entries.get(file);
  });
  // A link to a folder is one to its page.
  converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    const pages = [
      [`${root}/README.md`, project.readme ?? []],
      ...[...addresses].map(([page]) => [project.files.getReflectionPath(page), page.content]),
    ];
    for (const [file, parts] of pages) {
      for (const part of parts) {
        const page = part.kind === 'relative-link' && `${resolve(dirname(file), part.text)}/README.md`;
        if (page && existsSync(page)) part.target = project.files.register(page, page)?.target ?? part.target;
      }
    }
  });
  renderer.defineRouter(
    'pages',
    class extends KindRouter {
      /** Pages are where their files are. */
      getIdealBaseName(reflection) {
        return addresses.get(reflection) ?? super.getIdealBaseName(reflection);
      }
    },
  );
  // What another entry speaks of is the main one's.
  converter.addUnknownSymbolResolver(({ symbolReference, moduleSource }, reflection) => {
    if (moduleSource) return undefined;
    const path = symbolReference?.path?.map(({ path }) => path) ?? [];
    const target = reflection.project.getChildByName(['steadystream', ...path]);
    return target && { target, caption: path.join('.') };
  });
}

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  name: 'steadystream',
  entryPoints: [...entries.keys()],
  tsconfig: `${root}/tsconfig.json`,
  out: `${root}/site`,
  readme: `${root}/README.md`,
  projectDocuments: groups.flatMap(([, pages]) => pages.map((page) => `${root}/${page}`)),
  plugin: [names],
  router: 'pages',
  customCss: `${root}/docs/site/site.css`,
  customFooterHtml: 'MIT. A stream completes only when the provider said so.',
  ignoredHighlightLanguages: ['marble'],
  disableSources: true,
  hideGenerator: true,
  includeVersion: true,
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  searchInComments: true,
  searchInDocuments: true,
  // The compiler has its own step, over the same files.
  skipErrorChecking: true,
  sort: ['alphabetical'],
  sortEntryPoints: false,
  groupOrder: [
    'Guides',
    'Coming from',
    'Modules',
    'Examples',
    'Marbles',
    'Functions',
    'Variables',
    'Interfaces',
    'Type Aliases',
    'Classes',
    '*',
  ],
  navigation: { includeGroups: true, includeCategories: false },
  visibilityFilters: {},
  validation: {
    invalidLink: true,
    // A folder is no path to it; test/docs/site.test.ts finds what leads nowhere.
    invalidPath: false,
    notDocumented: true,
    notExported: false,
    rewrittenLink: true,
    unusedMergeModuleWith: true,
  },
  // Of members only what is called: a property says by its name and type what it is, or it has a comment.
  requiredToBeDocumented: ['Enum', 'Variable', 'Function', 'Class', 'Interface', 'TypeAlias', 'Method', 'Accessor'],
  treatWarningsAsErrors: true,
};
