import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '@hypershard/common'
import { type ApiServer, startApiServer } from './api-server.ts'
import { chartFolder, hasTool, helm, objectsIn, podsIn, render, runTool, toolsFolder, valueSets } from './chart.ts'
import { allowedCalls, danglingNames, environmentOf, privilegesOf } from './chart-rules.ts'
import { writeKubeSchemas } from './kube-schemas.ts'
import { processSettings } from './process-settings.ts'

const describeChart = process.env.TEST_CHART === '1' ? describe : describe.skip

describeChart('the chart', function () {
  this.timeout(180_000)
  const rendered = new Map<string, string>()
  const objects = (values: string) => objectsIn(rendered.get(values)!)

  before(async () => {
    assert(hasTool('helm') && hasTool('kubeconform'), 'helm or kubeconform is missing; run deploy/helm/tools.sh')
    for (const values of valueSets.keys()) rendered.set(values, await render(values))
  })

  for (const [values, path] of valueSets) {
    it(`is found good by helm lint: ${values}`, async () => {
      const { code, stdout } = await helm('lint', '--strict', chartFolder, '-f', path)
      assert.equal(code, 0, stdout)
    })

    it(`starts each process with settings that it takes: ${values}`, () => {
      const containers = [...podsIn(objects(values)).values()].flatMap(pod => pod.containers)
      const ours = containers.filter(({ args = [] }) => processSettings.has(args[0]!))
      assert.deepEqual(new Set(ours.map(({ args }) => args![0])), new Set(processSettings.keys()))
      for (const container of ours) readConfig(processSettings.get(container.args![0]!)!, environmentOf(container))
    })

    it(`asks for no privilege: ${values}`, () => {
      const pods = podsIn(objects(values))
      assert(pods.size >= 4)
      for (const [name, pod] of pods) assert.deepEqual(privilegesOf(pod), [], name)
    })

    it(`names its services, claims and accounts as they are called: ${values}`, () => {
      assert.deepEqual(danglingNames(objects(values)), [])
    })
  }

  it('keeps a coordinator in service while a shard is missing: it is ready once its API answers', () => {
    for (const [values, scheme] of [
      ['minimal', 'HTTP'],
      ['production', 'HTTPS'],
    ] as const) {
      const pods = [...podsIn(objects(values)).values()].flatMap(pod => pod.containers)
      const coordinator = pods.find(({ name }) => name === 'coordinator')
      assert.deepEqual(coordinator?.readinessProbe?.httpGet, { path: '/healthz', port: 'http', scheme })
    }
  })

  it('lets through what processes call of each other, and nothing else', () => {
    assert.deepEqual(allowedCalls(objects('production')), {
      ingress: [
        'coordinator:7700 from test',
        'coordinator:7703 from coordinator',
        'coordinator:7703 from indexer',
        'encoder:7702 from coordinator',
        'encoder:7702 from indexer',
        'redis:6379 from coordinator',
        'redis:6379 from encoder',
        'redis:6379 from indexer',
        'redis:6379 from shard-server',
        'shard-server:7710 from coordinator',
      ],
      unlike: [],
    })
    // Without announcements nobody but coordinators and indexers has business with Redis.
    const { ingress } = allowedCalls(objects('minimal'))
    assert.deepEqual(
      ingress.filter(call => call.startsWith('redis')),
      ['redis:6379 from coordinator', 'redis:6379 from indexer'],
    )
  })

  it('has no mistake that the API specification of Kubernetes can tell', async () => {
    const schemas = writeKubeSchemas(toolsFolder)
    for (const [values, manifest] of rendered) {
      const { code, stdout } = await conform(manifest, schemas)
      assert.equal(code, 0, `${values}: ${stdout}`)
      assert.match(stdout, /Skipped: 0/)
    }
    const [manifest] = rendered.values()
    const wrong = manifest!.replace('terminationGracePeriodSeconds:', 'terminationGraceSeconds:')
    assert.notEqual((await conform(wrong, schemas)).code, 0, 'a field that does not exist was not noticed')
  })

  it('is found good by kube-linter', async function () {
    if (!hasTool('kube-linter')) this.skip()
    await withFiles(async folder => {
      const config = join(chartFolder, '../kube-linter.yaml')
      const { code, stdout, stderr } = await runTool('kube-linter', 'lint', '--config', config, folder)
      assert.equal(code, 0, stdout + stderr)
    })
  })

  describe('and an API server', () => {
    let server: ApiServer | undefined

    before(async function () {
      server = await startApiServer()
      if (server === undefined) this.skip()
      await server.kubectl('create', 'namespace', 'search')
      await server.kubectl('label', 'namespace', 'search', 'pod-security.kubernetes.io/warn=restricted')
      await server.kubectl('create', 'serviceaccount', 'default', '-n', 'search')
      const definitions = await server.kubectl('create', '-f', join(toolsFolder, 'definitions'))
      assert.equal(definitions.code, 0, definitions.stderr)
      const established = await server.kubectl('wait', '--for', 'condition=Established', 'crd', '--all')
      assert.equal(established.code, 0, established.stderr)
    })

    after(() => server?.stop())

    const dryRun = (folder: string, name: string) =>
      server!.kubectl('apply', '--dry-run=server', '-n', 'search', '-f', join(folder, `${name}.yaml`))

    it('is taken by it whole, and by its rules for pods that may do nothing special', async () => {
      await withFiles(async folder => {
        for (const values of valueSets.keys()) {
          const { code, stdout, stderr } = await dryRun(folder, values)
          assert.equal(code, 0, `${values}: ${stderr}`)
          assert.equal(stdout.match(/\(server dry run\)/g)?.length, objects(values).length)
          assert.doesNotMatch(stderr, /would violate PodSecurity/, values)
        }
      })
    })

    it('lets helm install it, upgrade it to another image and more servers, and go back', async () => {
      const release = ['try', chartFolder, '-n', 'search', '-f', valueSets.get('production')!]
      const more = ['--set', 'image.tag=0.2.0', '--set', 'shardServer.drainSeconds=120']
      const steps = [
        ['install', ...release],
        ['upgrade', ...release, ...more],
        ['rollback', 'try', '1', '-n', 'search'],
      ]
      for (const step of [...steps, ['uninstall', 'try', '-n', 'search']]) {
        const { code, stderr } = await server!.helm(...step)
        assert.equal(code, 0, `${step[0]}: ${stderr}`)
      }
    })

    it('would be told of a pod that may write its root, and refused one whose field is wrong', async () => {
      await withFiles(async folder => {
        const minimal = rendered.get('minimal')!
        writeFileSync(join(folder, 'wrong.yaml'), minimal.replaceAll('runAsNonRoot: true', 'runAsNonRoot: false'))
        assert.match((await dryRun(folder, 'wrong')).stderr, /would violate PodSecurity/)
        writeFileSync(
          join(folder, 'wrong.yaml'),
          minimal.replace('maxUnavailable: 0', 'maxUnavailable: 0, maxMissing: 1'),
        )
        assert.notEqual((await dryRun(folder, 'wrong')).code, 0)
      })
    })
  })

  for (const [problem, words, message] of [
    ['a value that there is not', ['--set', 'shardServer.zone=a'], /zone/],
    ['one of another type', ['--set', 'coordinator.replicas=two'], /replicas/],
    ['a digest that is none', ['--set', 'image.digest=latest'], /digest/],
    ['a setting that is none of hypershard', ['--set', 'indexer.settings.SCAN_MS=5'], /SCAN_MS/],
    ['a setting that the chart sets', ['--set', 'indexer.settings.HYPERSHARD_STORE=a'], /sets HYPERSHARD_STORE itself/],
    ['no store', ['--set', 'store.url='], /store\.url/],
    ['two stores', ['--set', 'store.directory.enabled=true'], /not both/],
    ['no TLS and no word about it', ['--set', 'insecure=false'], /tls\.internal\.enabled/],
    [
      'no keys and no word about it',
      ['--set', 'insecure=false', '--set', 'tls.internal.enabled=true', '--set', 'tls.internal.existingSecret=a'],
      /access\.keys/,
    ],
    ['TLS without certificates', ['--set', 'tls.public.enabled=true'], /tls\.public/],
    [
      'announcements without a Redis',
      ['--set', 'membership=redis', '--set', 'redis.bundled.enabled=false'],
      /redis\.url/,
    ],
  ] as const) {
    it(`refuses ${problem}`, async () => {
      await assert.rejects(render('minimal', ...words), message)
    })
  }

  async function conform(manifest: string, schemas: string) {
    const folder = mkdtempSync(join(tmpdir(), 'hypershard-chart-'))
    try {
      writeFileSync(join(folder, 'all.yaml'), manifest)
      return await runTool('kubeconform', '-strict', '-summary', '-schema-location', schemas, join(folder, 'all.yaml'))
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  async function withFiles(work: (folder: string) => Promise<void>): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'hypershard-chart-'))
    try {
      for (const [values, manifest] of rendered) writeFileSync(join(folder, `${values}.yaml`), manifest)
      await work(folder)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }
})
