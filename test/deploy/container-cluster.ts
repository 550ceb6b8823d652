import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { eventually } from '@hypershard/harness'
import { repositoryRoot } from '../tidy/source-files.ts'

const run = promisify(execFile)

/** A drain takes a minute at most, and the machine is busy. */
const commandMsMax = 300_000

/** Processes in the order in which an upgrade takes them (docs/operations.md, "Upgrading"). */
export const processes: readonly string[] = [
  'shard-server-1',
  'shard-server-2',
  'shard-server-3',
  'encoder-1',
  'encoder-2',
  'indexer',
  'coordinator-1',
  'coordinator-2',
]

/** What else a strike may hit. */
export const surroundings: readonly string[] = ['redis', 's3', 'prometheus']

/** Where the two coordinators' HTTP APIs are on this machine. */
export const doors: readonly string[] = ['https://127.0.0.1:7700', 'https://127.0.0.1:7800']

/**
 * The containers of deploy/compose.yaml, under a project's name. `DOCKER` and `COMPOSE` name the commands, where they are
 * others than `docker` and `docker compose`.
 */
export class ContainerCluster {
  readonly project: string
  readonly #engine = process.env.DOCKER ?? 'docker'
  readonly #compose = (process.env.COMPOSE ?? 'docker compose').split(' ')

  constructor(project: string) {
    this.project = project
  }

  /** Starts everything, and waits until every process is ready. */
  async up(): Promise<void> {
    await this.compose('up', '--detach')
    for (const service of processes) await this.ready(service)
  }

  /** @param options.volumes whether what was written goes too */
  async down({ volumes }: { readonly volumes: boolean }): Promise<void> {
    await this.compose('down', '--remove-orphans', ...(volumes ? ['--volumes'] : []))
  }

  /** Takes one service to another image, as an operator does: the old container is stopped first, as it likes to be. */
  async roll(service: string, image: string): Promise<void> {
    await this.compose('up', '--detach', '--no-deps', service, { HYPERSHARD_IMAGE: image })
    await this.ready(service)
  }

  async kill(service: string): Promise<void> {
    await this.docker('kill', await this.#containerOf(service))
  }

  async start(service: string): Promise<void> {
    await this.docker('start', await this.#containerOf(service))
    await this.ready(service)
  }

  async pause(service: string): Promise<void> {
    await this.docker('pause', await this.#containerOf(service))
  }

  async unpause(service: string): Promise<void> {
    await this.docker('unpause', await this.#containerOf(service))
    await this.ready(service)
  }

  /** Waits until the service's process can do its work; those without a check are ready when they run. */
  async ready(service: string): Promise<void> {
    const container = await this.#containerOf(service)
    await eventually(async () => {
      const state = await this.inspect(
        container,
        '{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{end}}',
      )
      return /^running( healthy)?$/.test(state.trim())
    })
  }

  /** What the engine knows of a service's container. */
  async describe(service: string, format: string): Promise<string> {
    return this.inspect(await this.#containerOf(service), format)
  }

  /** Words of the `hypershard` command, in a container of the first coordinator. @returns what it writes */
  async hypershard(key: string, ...words: string[]): Promise<string> {
    const surroundings = ['HYPERSHARD_URL=https://localhost:7700', `HYPERSHARD_API_KEY=${key}`]
    surroundings.push('HYPERSHARD_CA_FILE=/run/hypershard/ca.pem')
    const environment = surroundings.flatMap(setting => ['--env', setting])
    return this.docker('exec', ...environment, await this.#containerOf('coordinator-1'), 'hypershard', ...words)
  }

  async inspect(container: string, format: string): Promise<string> {
    return this.docker('inspect', '--format', format, container)
  }

  async docker(...words: string[]): Promise<string> {
    const { stdout, stderr } = await run(this.#engine, words, { timeout: commandMsMax, maxBuffer: 2 ** 26 })
    // A process writes its log to standard error, which `docker logs` writes there too.
    return words[0] === 'logs' ? stderr : stdout.trim()
  }

  async compose(...words: (string | Readonly<Record<string, string>>)[]): Promise<string> {
    const environment = words.filter(word => typeof word === 'object')
    const [command, ...before] = this.#compose
    const files = ['deploy/compose.yaml', 'test/deploy/compose.test.yaml'].flatMap(path => [
      '--file',
      join(repositoryRoot, path),
    ])
    const all = [...before, '--project-name', this.project, ...files, ...words.filter(word => typeof word === 'string')]
    const options = { timeout: commandMsMax, maxBuffer: 2 ** 26, env: Object.assign({}, process.env, ...environment) }
    const { stdout } = await run(command!, all, options)
    return stdout.trim()
  }

  async #containerOf(service: string): Promise<string> {
    const labels = [`project=${this.project}`, `service=${service}`]
    const filters = labels.flatMap(label => ['--filter', `label=com.docker.compose.${label}`])
    return this.docker('ps', '--all', '--quiet', ...filters)
  }
}
