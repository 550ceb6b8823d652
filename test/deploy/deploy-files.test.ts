import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ConfigShape, readConfig } from '@hypershard/common'
import { coordinatorConfig } from '@hypershard/coordinator/config'
import { encoderServiceConfig } from '@hypershard/encoder-service/config'
import { indexerConfig } from '@hypershard/indexer/config'
import { shardServerConfig } from '@hypershard/shard-server/config'
import { readSourceFiles, repositoryRoot, workspaceOf } from '../tidy/source-files.ts'
import { entriesOf, isInImage, neededWorkspaces, startedWorkspaces } from './build-context.ts'
import { type ComposeService, readCompose } from './read-compose.ts'

const shapes: Readonly<Record<string, ConfigShape>> = {
  coordinator: coordinatorConfig,
  'encoder-service': encoderServiceConfig,
  indexer: indexerConfig,
  'shard-server': shardServerConfig,
}

/** What the image sets for every process. */
const imageEnvironment = settingsIn(/^ENV (?:.*\\\n)*.*$/gm, read('deploy/Dockerfile'))

const composeFiles = ['compose.yaml', 'compose.single.yaml']

function read(path: string): string {
  return readFileSync(join(repositoryRoot, path), 'utf8')
}

/** `NAME=value` of hypershard's in the parts of a text that fit. */
function settingsIn(lines: RegExp, text: string): Record<string, string> {
  const found = [...text.matchAll(lines)].flatMap(([line]) => [...line.matchAll(/\b(HYPERSHARD_\w+)=(\S+)/g)])
  return Object.fromEntries(found.map(([, name, value]) => [name!, value!]))
}

function settingsOf(environment: Readonly<Record<string, unknown>>): Record<string, string> {
  const own = Object.entries(environment).filter(([name]) => name.startsWith('HYPERSHARD_'))
  return Object.fromEntries(own.map(([name, value]) => [name, String(value)]))
}

/** Which process a service runs; undefined for other software. */
function processOf({ command }: ComposeService): string | undefined {
  return command !== undefined && Object.hasOwn(shapes, command[0]!) ? command[0] : undefined
}

describe('compose files', () => {
  for (const name of composeFiles) {
    const { services, networks, volumes } = readCompose(name)

    it(`${name}: every setting is one of its process, with a valid value, and none is missing`, () => {
      for (const service of Object.values(services)) {
        const kind = processOf(service)
        if (kind === undefined) continue
        const own = Object.hasOwn(shapes[kind]!, 'HYPERSHARD_MODELS') ? imageEnvironment : {}
        readConfig(shapes[kind]!, { ...own, ...settingsOf(service.environment ?? {}) })
      }
    })

    it(`${name}: no container has more rights or memory than it needs`, () => {
      for (const [service, its] of Object.entries(services)) {
        assert.equal(its.read_only, true, `${service}: read_only`)
        assert.deepEqual(its.cap_drop, ['ALL'], `${service}: cap_drop`)
        assert.deepEqual(its.security_opt, ['no-new-privileges:true'], `${service}: security_opt`)
        assert.equal(its.privileged, undefined, `${service}: privileged`)
        assert.match(String(its.mem_limit), /^\d+[mg]$/, `${service}: mem_limit`)
      }
    })

    it(`${name}: what services name is there`, () => {
      for (const [service, its] of Object.entries(services)) {
        const named = Array.isArray(its.networks) ? its.networks : Object.keys(its.networks ?? {})
        for (const network of named) assert.ok(Object.hasOwn(networks ?? {}, network), `${service}: network ${network}`)
        for (const volume of its.volumes ?? []) {
          const source = volume.split(':')[0]!
          if (/^\w/.test(source)) assert.ok(Object.hasOwn(volumes ?? {}, source), `${service}: volume ${source}`)
        }
      }
    })
  }

  it('compose.gpu.yaml: servers of compose.yaml have a device and a GPU each that no other of their kind has', () => {
    const { services: base } = readCompose('compose.yaml')
    const { services } = readCompose('compose.gpu.yaml')
    const gpus = { 'shard-server': [] as string[][], 'encoder-service': [] as string[][] }
    for (const [name, { environment, deploy }] of Object.entries(services)) {
      const kind = processOf(base[name]!) as keyof typeof gpus
      const settings = settingsOf({ ...base[name]!.environment, ...environment })
      if (kind === 'shard-server') {
        const config = readConfig(shardServerConfig, settings)
        assert.equal(config.HYPERSHARD_SHARD_DEVICE, 'cuda')
        assert.ok(config.HYPERSHARD_SHARD_DEVICE_MEMORY_BYTES > 0)
      } else {
        const config = readConfig(encoderServiceConfig, { HYPERSHARD_MODELS: '/opt/model', ...settings })
        assert.equal(config.HYPERSHARD_ENCODER_DEVICE, 'cuda')
      }
      gpus[kind].push(deploy!.resources.reservations.devices.flatMap(({ device_ids }) => device_ids))
    }
    for (const ofKind of Object.values(gpus)) {
      assert.ok(ofKind.length > 1 && ofKind.every(({ length }) => length === 1))
      assert.equal(new Set(ofKind.flat()).size, ofKind.length)
    }
  })

  it('publish ports of coordinators, and what watches them, alone', () => {
    const { services, networks } = readCompose('compose.yaml')
    assert.equal(networks?.cluster?.internal, true)
    for (const [name, service] of Object.entries(services)) {
      const outside = [...(service.ports ?? [])].length > 0 || JSON.stringify(service.networks).includes('public')
      assert.ok(!outside || /^(coordinator-\d|prometheus|grafana)$/.test(name), `${name} can be reached from outside`)
    }
  })

  it('has names in the network for every address that a process is given', () => {
    const { services } = readCompose('compose.yaml')
    const names = new Set(Object.keys(services))
    for (const { networks } of Object.values(services)) {
      if (networks === undefined || Array.isArray(networks)) continue
      for (const { aliases } of Object.values(networks)) for (const alias of aliases ?? []) names.add(alias)
    }
    for (const [name, service] of Object.entries(services)) {
      for (const [setting, value] of Object.entries(settingsOf(service.environment ?? {}))) {
        for (const [, host] of value.matchAll(/(?:\w+:\/\/\/?|^|,)([a-z][a-z0-9-]*):\d+/g)) {
          assert.ok(names.has(host!), `${name}: ${setting} names ${host}`)
        }
      }
    }
  })
})

describe('units for systemd', () => {
  const example = settingsIn(/^#?HYPERSHARD_.*$/gm, read('deploy/systemd/hypershard.env.example'))

  it('come with an example that every process can start with', () => {
    assert.ok(Object.keys(example).length > 8)
    for (const [kind, shape] of Object.entries(shapes)) {
      const own = Object.entries(example).filter(([name]) => Object.hasOwn(shape, name))
      assert.doesNotThrow(() => readConfig(shape, Object.fromEntries(own)), kind)
    }
    const known = new Set(Object.values(shapes).flatMap(shape => Object.keys(shape)))
    const unknown = Object.keys(example).filter(name => !known.has(name))
    assert.deepEqual(unknown, [], 'no process has these settings')
  })
})

describe('the image', () => {
  const dockerfile = read('deploy/Dockerfile')

  it('has every file that a process loads, and no test', () => {
    const needed = neededWorkspaces()
    const loaded = readSourceFiles().filter(
      ({ path }) => needed.has(workspaceOf(path)) && !path.endsWith('.test.ts') && !path.startsWith('test/'),
    )
    const missing = [...loaded.map(({ path }) => path), ...[...needed].flatMap(entriesOf)].filter(
      path => !isInImage(path),
    )
    assert.deepEqual(missing, [], '.dockerignore and deploy/Dockerfile leave these out')
    assert.ok(!isInImage('coordinator/src/coordinator.test.ts'))
    for (const path of ['.git/config', '.env', 'deploy/secrets/ca-key.pem', 'coordinator/node_modules/a/index.js']) {
      assert.ok(!isInImage(path), `${path} is in the image`)
    }
  })

  it('builds the console of all that it is made of', () => {
    const stage = /^FROM \S+ AS console$[\s\S]*?^FROM /m.exec(dockerfile)![0]
    const copied = new Set([...stage.matchAll(/^COPY (\S+) \1$/gm)].map(match => match[1]!))
    const sources = /const sources = \[([\s\S]*?)\]/.exec(read('console/build.mjs'))![1]!
    const folders = [...sources.matchAll(/'([\w-]+)\//g)].map(match => match[1]!)
    assert.ok(folders.length > 5)
    assert.deepEqual(
      folders.filter(folder => !copied.has(folder)),
      [],
      'the stage `console` of deploy/Dockerfile lacks these',
    )
  })

  it('has what is read beside the sources', () => {
    const read = [
      ...globSync('{models,sample,proto}/**/*.{json,onnx,safetensors,jsonl,tsv,proto}', { cwd: repositoryRoot }),
    ]
    assert.ok(read.length > 10)
    assert.deepEqual(
      read.filter(path => !isInImage(path)),
      [],
    )
  })

  it('installs what the started workspaces depend on, and starts them', () => {
    for (const command of ['npm ci', 'npm sbom']) {
      const words = new RegExp(`\\b${command} (?:.*\\\\\\n)*.*`).exec(dockerfile)![0]
      const selected = [...words.matchAll(/ -w ([\w-]+)/g)].map(match => match[1]!)
      assert.deepEqual(selected.sort(), [...startedWorkspaces].sort(), command)
    }
    const script = read('deploy/hypershard.sh')
    for (const workspace of startedWorkspaces) {
      assert.ok(workspace === 'cli' || script.includes(workspace), `deploy/hypershard.sh starts ${workspace}`)
    }
  })

  it('is built on bases that a digest names, with the Node that the tests run with', () => {
    const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, { version: string }> }
    const node = lock.packages['node_modules/node']!.version
    const bases = Object.fromEntries([...dockerfile.matchAll(/^ARG (\w+_IMAGE)=(\S+)$/gm)].map(([, ...it]) => it))
    assert.match(bases.NODE_IMAGE!, new RegExp(`^node:${node.replaceAll('.', '\\.')}-[\\w-]+@sha256:[0-9a-f]{64}$`))
    assert.match(bases.BASE_IMAGE!, /^debian:[\w-]+@sha256:[0-9a-f]{64}$/)
    for (const [, from] of dockerfile.matchAll(/^FROM (\S+)/gm)) assert.match(from!, /^(\$\{\w+_IMAGE\}|[a-z]+)$/)
  })

  it('runs without root', () => {
    const users = [...dockerfile.matchAll(/^USER (.*)$/gm)].map(match => match[1]!)
    assert.ok(users.length > 0)
    for (const user of users) assert.match(user, /^[1-9]\d*:[1-9]\d*$/)
  })
})
