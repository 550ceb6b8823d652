import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, normalize } from 'node:path'
import { isServiceLinkName } from '@hypershard/common'
import { renderConfigPage } from '../../scripts/render-config-page.ts'
import { renderPythonClient } from '../../scripts/render-python-client.ts'
import { anchorsOf, proseLinesOf, repositoryPathsIn, sentencesIn } from './markdown.ts'
import { findCircles, measureFunctions } from './measure-sources.ts'
import { readSourceFiles, repositoryRoot, workspaceOf } from './source-files.ts'

/** Which workspaces a workspace may import: docs/ARCHITECTURE.md, Folders. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  proto: [],
  contract: ['proto'],
  client: ['contract'],
  console: ['client', 'contract', 'evaluation'],
  common: [],
  qnet: ['common', 'proto'],
  storage: ['common', 'contract', 'proto'],
  announcements: ['common', 'proto'],
  membership: ['common'],
  evaluation: ['common', 'contract'],
  service: ['common', 'proto'],
  access: ['common'],
  'encoder-service': ['common', 'membership', 'proto', 'qnet', 'service', 'storage'],
  'shard-server': ['common', 'membership', 'proto', 'qnet', 'service', 'storage'],
  coordinator: [
    'access',
    'announcements',
    'common',
    'console',
    'contract',
    'membership',
    'proto',
    'qnet',
    'service',
    'storage',
  ],
  indexer: ['announcements', 'common', 'membership', 'proto', 'qnet', 'service', 'storage'],
  'local-cluster': ['common'],
  // Of the processes the shapes of their settings alone, which the doctor checks.
  cli: [
    ...['access', 'client', 'common', 'contract', 'evaluation', 'local-cluster', 'membership', 'proto', 'storage'],
    ...['coordinator', 'encoder-service', 'indexer', 'shard-server'],
  ],
  harness: ['access', 'common', 'contract', 'local-cluster', 'proto', 'qnet', 'storage'],
}

/** Libraries that only these files may import, so that the rest does not depend on them. */
const onlyIn: Readonly<Record<string, RegExp>> = {
  'onnxruntime-node': /^qnet\/src\/onnx\//,
  'apache-arrow': /^(storage\/src\/segment\/formats|cli\/src\/tables)\//,
  hyparquet: /^cli\/src\/tables\//,
  '@aws-sdk/client-s3': /^storage\/src\/store\/s3-/,
  '@aws-sdk/lib-storage': /^storage\/src\/store\/s3-/,
  fastify: /^(coordinator\/src\/transport\/http|bench\/src\/load\/peers)\//,
  ioredis: /\/adapters\//,
  bullmq: /\/adapters\//,
  'prom-client': /\/adapters\//,
  ...Object.fromEntries(
    ['api', 'core', 'exporter-trace-otlp-proto', 'resources', 'sdk-trace'].map(name => [
      `@opentelemetry/${name}`,
      /\/adapters\//,
    ]),
  ),
}

const fileLinesMax = 400
const functionLinesMax = 70
const proseColumnsMax = 120

/** What a user makes, and no repository has. */
const madeLater = /^(deploy\/secrets\b|\.cache\/)/

const files = readSourceFiles()
const isTest = (path: string) =>
  path.endsWith('.test.ts') || path.includes('/testing/') || path.startsWith('test/') || path.startsWith('harness/')

function report(problems: string[], mend: string): void {
  assert(problems.length === 0, `${mend}:\n${problems.map(problem => `  ${problem}`).join('\n')}`)
}

describe('the source tree', () => {
  it('is there to be checked', () => assert(files.length > 80))

  it('imports workspaces only in the direction of the design', () => {
    const problems = files.flatMap(({ path, imports }) => {
      const allowed = mayImport[workspaceOf(path)]
      if (allowed === undefined || isTest(path)) return []
      return imports
        .map(name => /^@hypershard\/([\w-]+)/.exec(name)?.[1])
        .filter(name => name !== undefined && name !== workspaceOf(path) && !allowed.includes(name))
        .map(name => `${path} imports ${name}`)
    })
    report(problems, 'a service imports only common, proto, qnet and storage; invert the dependency with a port')
  })

  it("leaves what a workspace's tests alone use to itself", () => {
    const problems = files
      .filter(({ path }) => mayImport[workspaceOf(path)] !== undefined)
      .flatMap(({ path, imports }) =>
        imports.filter(name => /^@hypershard\/[\w-]+\/testing$/.test(name)).map(name => `${path} imports ${name}`),
      )
    report(problems, 'what the tests of several workspaces use stands in harness')
  })

  it('runs nothing of the harness outside tests and benchmarks', () => {
    const problems = files
      .filter(({ path }) => !isTest(path) && workspaceOf(path) !== 'bench')
      .filter(({ imports }) => imports.some(name => name.startsWith('@hypershard/harness')))
      .map(({ path }) => `${path} imports the harness`)
    report(problems, 'production code has no use for fakes; move what it needs out of the harness')
  })

  it('keeps the contract free of what a browser does not have', () => {
    const allowed = /^(\.\/[\w-]+\.ts|zod|@hypershard\/proto\/limits)$/
    const problems = files
      .filter(({ path }) => workspaceOf(path) === 'contract' && !isTest(path))
      .flatMap(({ path, imports }) =>
        imports.filter(name => !allowed.test(name)).map(name => `${path} imports ${name}`),
      )
    report(
      problems,
      'the contract is schemas, types and plain data; what makes answers of them stands in the coordinator',
    )
  })

  it('never reaches into another workspace by path', () => {
    const problems = files
      .filter(({ path }) => mayImport[workspaceOf(path)] !== undefined)
      .flatMap(({ path, imports }) =>
        imports
          .filter(name => name.startsWith('.'))
          .filter(name => workspaceOf(normalize(join(dirname(path), name))) !== workspaceOf(path))
          .map(name => `${path} imports ${name}`),
      )
    report(problems, "import the package's name; what it does not export is its own")
  })

  it('keeps libraries with a name on the design behind their adapters', () => {
    const problems = files.flatMap(({ path, imports }) =>
      imports
        .filter(name => onlyIn[name] !== undefined && !onlyIn[name].test(path))
        .filter(() => !isTest(path))
        .map(name => `${path} imports ${name}`),
    )
    report(problems, 'use the adapter that wraps it')
  })

  it('takes the credentials of every connection from one place', () => {
    const problems = files
      .filter(({ path }) => path !== 'common/src/grpc/credentials.ts' && !path.startsWith('test/tidy/'))
      .filter(({ text }) => /\b[cC]redentials\.create\w+\(/.test(text))
      .map(({ path }) => path)
    report(problems, 'use connectClient, serverCredentials or startGrpcServer of @hypershard/common')
  })

  it('reads the environment and exits only in main files', () => {
    const problems = files
      .filter(({ path }) => mayImport[workspaceOf(path)] !== undefined && !isTest(path))
      .filter(({ path }) => !path.endsWith('/main.ts') && path !== 'service/src/run-main.ts')
      .filter(({ text }) => /\bprocess\.(env|exit)\b(?!`)/.test(withoutComments(text)))
      .map(({ path }) => path)
    report(problems, 'take settings as arguments and return or throw; only main.ts reads the environment and exits')
  })

  it('has no files that import each other in a circle', () => {
    const problems = findCircles(files).map(circle => circle.join(' > '))
    report(problems, 'move what they share into a file of its own below them')
  })

  it('states a limit once', () => {
    const shared = new Map(limitsIn('proto/limits.ts').map(({ name }) => [name, 'proto/limits.ts']))
    const stated = files
      .filter(({ path }) => mayImport[workspaceOf(path)] !== undefined && !isTest(path) && path !== 'proto/limits.ts')
      .flatMap(({ path }) => limitsIn(path).map(limit => ({ path, ...limit })))
    const problems = stated.flatMap(({ path, name, value }) => {
      const other =
        shared.get(name) ??
        stated.find(one => one.name === name && one.value === value && workspaceOf(one.path) < workspaceOf(path))?.path
      return other === undefined ? [] : [`${path} states ${name}, which ${other} does as well`]
    })
    report(problems, 'a limit that two workspaces know of stands in proto/limits.ts alone, with its unit')
  })

  it('keeps no cache by hand', () => {
    const problems = files
      .filter(({ path }) => mayImport[workspaceOf(path)] !== undefined && !isTest(path))
      .filter(({ text }) => /\.delete\((?:[\w.#]+)\.(?:keys|values)\(\)\.next\(\)\.value/.test(text))
      .map(({ path }) => path)
    report(problems, 'bound it with lru-cache, which drops what was used least recently')
  })

  it('spells out the keys of an object where it is made', () => {
    const problems = files.flatMap(({ path, text }) =>
      text.split('\n').flatMap((line, at) => (/\.\.\.\{/.test(line) ? [`${path}:${at + 1}`] : [])),
    )
    report(problems, 'write the keys themselves; an object that is spread as it is made only folds lines')
  })

  it('keeps files short', () => {
    const problems = files
      .filter(({ text }) => text.split('\n').length > fileLinesMax)
      .map(({ path, text }) => `${path} has ${text.split('\n').length} lines`)
    report(problems, `split files over ${fileLinesMax} lines by what they do`)
  })

  it('keeps functions short', () => {
    const problems = files
      .filter(({ path }) => !isTest(path))
      .flatMap(measureFunctions)
      .filter(({ lines }) => lines > functionLinesMax)
      .map(({ path, line, lines }) => `${path}:${line} is ${lines} lines long`)
    report(problems, `split functions over ${functionLinesMax} lines into named steps`)
  })

  it('has no folder that is named for a kind of code', () => {
    const problems = files
      .map(({ path }) => path)
      .filter(path => /\/(utils?|helpers?|types|interfaces|misc)\//.test(path))
    report(problems, 'name a folder for the flow or the thing')
  })

  it('leaves no test switched on alone and no note to self', () => {
    const marks = [['.on', 'ly('].join(''), ['TO', 'DO'].join(''), ['FIX', 'ME'].join('')]
    const problems = files.filter(({ text }) => marks.some(mark => text.includes(mark))).map(({ path }) => path)
    report(problems, 'remove it, or finish what it stands for')
  })

  it('imports every file from somewhere', () => {
    const entries =
      /\/(main|index|config|src\/metrics)\.tsx?$|\.test\.ts$|-thread\.ts$|worker-thread\.ts$|^scripts\/|^test\/|^proto\/(index|limits)/
    const imported = new Set(
      files.flatMap(({ path, text }) =>
        [...text.matchAll(/'(\.[^']+\.tsx?)'/g)].map(match => normalize(join(dirname(path), match[1]!))),
      ),
    )
    const problems = files.map(({ path }) => path).filter(path => !entries.test(path) && !imported.has(path))
    report(problems, 'delete what nothing uses')
  })
})

describe('what is generated', () => {
  it('no setting has a name that Kubernetes gives to the address of a service', () => {
    const page = renderConfigPage()
    const names = [...page.matchAll(/^\| `(HYPERSHARD_\w+)`/gm)].map(([, name]) => name!)
    assert.ok(names.length > 20)
    assert.deepEqual(names.filter(isServiceLinkName), [], 'choose another name: readConfig may take it for injected')
  })

  it('docs/config.md is what the schemas say', () => {
    const page = readFileSync(join(repositoryRoot, 'docs/config.md'), 'utf8')
    assert.equal(page, renderConfigPage(), 'run npm run generate')
  })

  it('the Python client has every operation, request and answer as the contract has it', () => {
    for (const [file, text] of renderPythonClient()) {
      const kept = readFileSync(join(repositoryRoot, 'clients/python/src/hypershard', file), 'utf8')
      assert.equal(kept, text, `${file} is stale: run npm run generate`)
    }
  })

  it('proto/generated is what buf and ts-proto make of the .proto files', () => {
    const copy = mkdtempSync(join(tmpdir(), 'hypershard-generate-'))
    try {
      for (const name of ['buf.yaml', 'buf.gen.yaml']) cpSync(join(repositoryRoot, name), join(copy, name))
      cpSync(join(repositoryRoot, 'proto'), join(copy, 'proto'), { recursive: true })
      rmSync(join(copy, 'proto/generated'), { recursive: true })
      symlinkSync(join(repositoryRoot, 'node_modules'), join(copy, 'node_modules'))
      const PATH = `${join(repositoryRoot, 'node_modules/.bin')}:${process.env.PATH}`
      execFileSync('buf', ['generate'], { cwd: copy, env: { ...process.env, PATH } })
      const list = (root: string) => globSync('proto/generated/**/*.ts', { cwd: root }).sort()
      assert.deepEqual(list(copy), list(repositoryRoot))
      for (const path of list(copy)) {
        const [fresh, kept] = [copy, repositoryRoot].map(root => readFileSync(join(root, path), 'utf8'))
        assert.equal(kept, fresh, `${path} is stale: run npm run generate`)
      }
    } finally {
      rmSync(copy, { recursive: true })
    }
  })
})

describe('the documentation', () => {
  const patterns = [
    '*.md',
    '.github/**/*.md',
    'docs/**/*.md',
    '{bench/results,clients/*,sample,training,models/*}/*.md',
  ]
  const pages = globSync(patterns, { cwd: repositoryRoot }).map(path => ({
    path,
    text: readFileSync(join(repositoryRoot, path), 'utf8'),
  }))

  it('links only to what exists', () => {
    const problems = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
        .map(match => match[1]!)
        .filter(target => !existsSync(join(repositoryRoot, dirname(path), target)))
        .map(target => `${path} links to ${target}`),
    )
    report(problems, 'mend the link')
  })

  it('links only to headings that exist', () => {
    const problems = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)/g)]
        .map(([, target, anchor]) => ({
          target: target ? normalize(join(dirname(path), target)) : path,
          anchor: anchor!,
        }))
        .filter(({ target }) => target.endsWith('.md') && existsSync(join(repositoryRoot, target)))
        .filter(({ target, anchor }) => !anchorsOf(readFileSync(join(repositoryRoot, target), 'utf8')).has(anchor))
        .map(({ target, anchor }) => `${path} links to ${target}#${anchor}`),
    )
    report(problems, 'mend the link, or the heading')
  })

  it('names only files and folders that exist', () => {
    const folders = readdirSync(repositoryRoot, { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(({ name }) => name)
    const problems = pages
      // What changed once is told with the names of then.
      .filter(({ path }) => path !== 'CHANGELOG.md')
      .flatMap(({ path, text }) =>
        repositoryPathsIn(text, folders)
          .filter(target => !madeLater.test(target) && !existsSync(join(repositoryRoot, target)))
          .map(target => `${path} names ${target}`),
      )
    report(problems, 'say where it is now')
  })

  it('has one sentence a line, or is wrapped', () => {
    const problems = pages.flatMap(({ path, text }) =>
      proseLinesOf(text)
        .filter(({ text: line }) => line.length > proseColumnsMax && sentencesIn(line).length > 1)
        .map(({ line }) => `${path}:${line}`),
    )
    report(problems, `begin a line with each sentence, or wrap at ${proseColumnsMax} columns`)
  })
})

/** The numbers of a file that are named as bounds. */
function limitsIn(path: string): { readonly name: string; readonly value: string }[] {
  const text = readFileSync(join(repositoryRoot, path), 'utf8')
  const found = text.matchAll(/^(?:export )?const (\w+(?:Max|Min)) = ([\d_* ]+)$/gm)
  return [...found].map(([, name, value]) => ({ name: name!, value: value!.replaceAll('_', '') }))
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '')
}
