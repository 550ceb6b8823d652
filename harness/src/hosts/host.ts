import { join } from 'node:path'
import type { Environment } from '@hypershard/local-cluster'
import { HostProcess } from './host-process.ts'
import { ip } from './run-ip.ts'
import { type CableQuality, SlowCable } from './slow-cable.ts'
import { processesIn, removeNamespace, signal } from './sweep-hosts.ts'
import type { SwitchPlace } from './switch-place.ts'

/** What a host asks of its network. */
export interface Switch {
  readonly place: SwitchPlace
  readonly logDirectory: string
  /** Nothing passes between the host and the others any more. */
  cut(host: Host, others: readonly Host[]): Promise<void>
  /** Ends every cut between the host and another. */
  join(host: Host): Promise<void>
  /** Whether the host's machine stands still: nothing passes between it and anybody. */
  silence(host: Host, silent: boolean): Promise<void>
  forget(host: Host): void
}

/** Where a host is: the names and the address that its network gave it. */
export interface HostPlace {
  readonly name: string
  readonly address: string
  readonly namespace: string
  /** The interface at the switch's end of its cable, in the switch's namespace. */
  readonly port: string
}

/** One machine of a network: a network namespace with an address, and the processes that run in it. */
export class Host {
  readonly name: string
  readonly address: string
  readonly namespace: string
  readonly #port: string
  readonly #switch: Switch
  readonly #processes: HostProcess[] = []
  #quality: CableQuality = { delayMs: 0, loss: 0 }
  #cable: SlowCable | undefined

  constructor({ name, address, namespace, port }: HostPlace, toSwitch: Switch) {
    this.name = name
    this.address = address
    this.namespace = namespace
    this.#port = port
    this.#switch = toSwitch
  }

  /** Starts a service's `main.ts` and waits until it is ready. @throws Error with the end of its log */
  async run(program: string, environment: Environment): Promise<HostProcess> {
    const started = this.start([process.execPath, program], environment)
    await started.ready()
    return started
  }

  /** Starts any program. */
  start(command: readonly [program: string, ...words: string[]], environment: Environment = process.env): HostProcess {
    const logPath = join(this.#switch.logDirectory, `${this.name}.log`)
    const started = new HostProcess({ namespace: this.namespace, command, environment, logPath })
    this.#processes.push(started)
    return started
  }

  get processes(): readonly HostProcess[] {
    return this.#processes
  }

  /** What it sends arrives so much later. */
  delay(delayMs: number): Promise<void> {
    return this.#change({ ...this.#quality, delayMs })
  }

  /** @param loss the share of what it sends that gets lost, 0 to 1 */
  loss(loss: number): Promise<void> {
    return this.#change({ ...this.#quality, loss })
  }

  /** Nothing passes between it and these any more, in either direction, and nobody is told. */
  cutFrom(others: readonly Host[]): Promise<void> {
    return this.#switch.cut(this, others)
  }

  /** Its processes stop where they are, and nothing answers for them: no connection is closed, none made. */
  async freeze(): Promise<void> {
    await this.#switch.silence(this, true)
    await this.#signalAll('SIGSTOP')
  }

  async thaw(): Promise<void> {
    await this.#signalAll('SIGCONT')
    await this.#switch.silence(this, false)
  }

  /** Ends every delay, loss and cut of it, cuts that others made from it too, and thaws it. */
  async heal(): Promise<void> {
    this.#quality = { delayMs: 0, loss: 0 }
    await this.#cable?.remove()
    this.#cable = undefined
    await this.thaw()
    await this.#switch.join(this)
  }

  /** Gone for good, with all that runs on it. */
  async remove(): Promise<void> {
    for (const each of this.#processes) each.kill('SIGKILL')
    await Promise.all(this.#processes.map(each => each.exited))
    await this.#cable?.remove()
    this.#cable = undefined
    // The kernel takes its time to do so with the namespace.
    await ip('-n', this.#switch.place.namespace, 'link', 'del', this.#port)
    await removeNamespace(this.namespace)
    this.#switch.forget(this)
  }

  async #change(quality: CableQuality): Promise<void> {
    this.#quality = quality
    this.#cable ??= await SlowCable.insert(this.#port, this.#switch.place)
    await this.#cable.set(quality)
  }

  async #signalAll(name: NodeJS.Signals): Promise<void> {
    for (const pid of await processesIn(this.namespace)) signal(pid, name)
  }
}
