import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { freePort } from '../free-port.ts'

/** One series of an answer: its labels, and its newest value. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface ScrapedTarget {
  readonly job: string
  readonly address: string
  readonly health: 'up' | 'down' | 'unknown'
  /** Why it is down. */
  readonly lastError: string
}

export interface EvaluatedRule {
  readonly name: string
  readonly health: 'ok' | 'err' | 'unknown'
  readonly lastError: string
  /** Seconds that its evaluation took; 0 before the first. */
  readonly evaluationTime: number
}

/** A real Prometheus of a test's own, asked through its HTTP API. */
export interface PrometheusServer {
  /** Of an instant query. @throws Error with Prometheus' words where it refuses the query */
  query(expression: string): Promise<Series[]>
  targets(): Promise<ScrapedTarget[]>
  rules(): Promise<EvaluatedRule[]>
  stop(): Promise<void>
}

export interface PrometheusOptions {
  /** Addresses that have `/metrics`, by the name of their job. */
  readonly jobs: Readonly<Record<string, readonly string[]>>
  readonly ruleFiles: readonly string[]
  readonly scrapeSeconds: number
}

export async function startPrometheus(options: PrometheusOptions): Promise<PrometheusServer> {
  const directory = mkdtempSync(join(tmpdir(), 'hypershard-prometheus-'))
  const port = await freePort()
  const interval = `${options.scrapeSeconds}s`
  const config = {
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    rule_files: options.ruleFiles,
    scrape_configs: Object.entries(options.jobs).map(([job, targets]) => ({
      job_name: job,
      static_configs: [{ targets }],
    })),
  }
  writeFileSync(join(directory, 'prometheus.yml'), stringify(config))
  const words = [
    `--config.file=${directory}/prometheus.yml`,
    `--storage.tsdb.path=${directory}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ]
  const server = spawn('prometheus', words, { stdio: ['ignore', 'ignore', 'pipe'] })
  const url = `http://127.0.0.1:${port}`
  await untilReady(url, server)
  return {
    query: async expression => {
      const { result } = await ask<{ result: RawSeries[] }>(`${url}/api/v1/query`, { query: expression })
      return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }))
    },
    targets: async () => {
      const { activeTargets } = await ask<{ activeTargets: RawTarget[] }>(`${url}/api/v1/targets`)
      return activeTargets.map(({ labels, health, lastError }) => ({
        job: labels.job!,
        address: labels.instance!,
        health,
        lastError,
      }))
    },
    rules: async () => {
      const { groups } = await ask<{ groups: { rules: EvaluatedRule[] }[] }>(`${url}/api/v1/rules`)
      return groups.flatMap(({ rules }) => rules)
    },
    stop: async () => {
      if (server.exitCode === null && server.kill('SIGKILL')) await once(server, 'exit')
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

export function hasPrometheus(): boolean {
  return ['prometheus', 'promtool'].every(program => {
    try {
      execFileSync(program, ['--version'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
}

interface RawSeries {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [number, string]
}

interface RawTarget {
  readonly labels: Readonly<Record<string, string>>
  readonly health: ScrapedTarget['health']
  readonly lastError: string
}

/** Only ends what hangs. */
const answerMsMax = 30_000

async function ask<Data>(url: string, fields: Readonly<Record<string, string>> = {}): Promise<Data> {
  const body = new URLSearchParams(fields)
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const init = body.size === 0 ? {} : { method: 'POST', body: body.toString(), headers: form }
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(answerMsMax) })
  const answer = (await response.json()) as { status: string; data: Data; error?: string }
  if (answer.status !== 'success') throw new Error(`${fields.query ?? url}: ${answer.error}`)
  return answer.data
}

async function untilReady(url: string, server: ChildProcess): Promise<void> {
  let said = ''
  server.stderr!.on('data', chunk => {
    said = `${said}${chunk}`.slice(-2_000)
  })
  const spawned = new Promise<never>((_, reject) => server.once('error', reject))
  const poll = async () => {
    while (server.exitCode === null) {
      const ready = await fetch(`${url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      )
      if (ready) return
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    throw new Error(`prometheus ended with ${server.exitCode}: ${said}`)
  }
  await Promise.race([poll(), spawned])
}
