import assert from 'node:assert/strict'
import { eventually } from '@hypershard/harness'
import { ContainerCluster } from './container-cluster.ts'

/** Set by deploy/test.sh, which builds the image. */
const { DEPLOY_SECRETS: secrets, HYPERSHARD_IMAGE: image = '' } = process.env

const imageBytesMax = 450_000_000

/** As compose.yaml has every container. */
const confined = ['--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges']

if (secrets === undefined) {
  describe('the image', () => it('left out: `npm run test:deploy` runs it'))
} else {
  describe('the image', () => {
    const engine = new ContainerCluster('hypershard-image')
    let container: string | undefined

    /** Starts a container without any network. */
    async function start(...words: string[]): Promise<string> {
      container = await engine.docker('run', '--detach', '--network', 'none', ...confined, ...words)
      return container
    }

    async function ended(): Promise<string> {
      await eventually(async () => (await engine.inspect(container!, '{{.State.Status}}')) === 'exited')
      return engine.inspect(container!, '{{.State.ExitCode}}')
    }

    afterEach(async () => {
      if (container !== undefined) await engine.docker('rm', '--force', container)
      container = undefined
    })

    it('weighs less than 450 MB with its models', async () => {
      const bytes = Number(await engine.inspect(image, '{{.Size}}'))
      assert.ok(bytes < imageBytesMax, `${bytes}`)
    })

    it('has the command, by its name', async () => {
      assert.match(
        await engine.docker('run', '--rm', '--network', 'none', ...confined, image, '--version'),
        /^\d+\.\d+\.\d+/,
      )
    })

    it('encodes without any network, and calls nobody', async () => {
      await start('--env', 'HYPERSHARD_ADMIN_LISTEN=127.0.0.1:7790', image, 'encoder-service')
      await eventually(async () => (await engine.inspect(container!, '{{.State.Health.Status}}')) === 'healthy')
      assert.doesNotMatch(await engine.docker('logs', container!), /telemetry/i)
      await engine.docker('stop', container!)
      assert.equal(await engine.inspect(container!, '{{.State.ExitCode}}'), '0')
    })

    it('ends at a signal that comes before it can handle one', async () => {
      await start(image, 'encoder-service')
      await engine.docker('kill', '--signal', 'TERM', container!)
      assert.match(await ended(), /^(0|143)$/)
    })

    it('ends with 78 where a setting is missing, and names it', async () => {
      await start(image, 'coordinator')
      assert.equal(await ended(), '78')
      assert.match(await engine.docker('logs', container!), /HYPERSHARD_STORE: is required/)
    })

    it('runs as any user, as some platforms choose one', async () => {
      await start('--user', '123456:0', image, 'search', '--help')
      assert.equal(await ended(), '0')
    })

    it('has the pages of the console, as browsers load them', async () => {
      const page = await engine.docker(
        ...['run', '--rm', '--network', 'none', '--entrypoint', 'cat', image],
        '/opt/hypershard/console/dist/index.html',
      )
      const [script] = /assets\/[\w.-]+\.js/.exec(page)!
      await start('--entrypoint', 'test', image, '-s', `/opt/hypershard/console/dist/${script}.br`)
      assert.equal(await ended(), '0')
    })

    it('lists what it is made of, and has nothing for development or other systems', async () => {
      const read = (...words: string[]) => engine.docker('run', '--rm', '--network', 'none', '--entrypoint', ...words)
      const { bomFormat, components } = JSON.parse(await read('cat', image, '/opt/hypershard/sbom.cdx.json')) as {
        bomFormat: string
        components: { name: string }[]
      }
      assert.equal(bomFormat, 'CycloneDX')
      const names = new Set(components.map(({ name }) => name))
      assert.ok(names.has('onnxruntime-node') && names.has('fastify'))
      for (const name of ['mocha', 'typescript', 'vega']) assert.ok(!names.has(name), name)
      const others = await read(
        'find',
        image,
        '/opt/hypershard',
        '(',
        '-name',
        '*.dll',
        '-o',
        '-name',
        '*.dylib',
        '-o',
        '-name',
        '*.test.ts',
        ')',
      )
      assert.equal(others, '')
    })
  })
}
