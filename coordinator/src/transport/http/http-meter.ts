import type { ServerResponse } from 'node:http'
import type { Histogram, Meter } from '@hypershard/common'
import { httpMetrics } from './metrics.ts'

/** Counts each request once: when its answer is out, or its connection closed before that. */
export class HttpMeter {
  readonly #meter: Meter
  readonly #seconds: Histogram<'method' | 'route' | 'status'>
  /** By the route as it is declared: there are no more than routes. */
  readonly #names = new Map<string, string>()

  constructor(meter: Meter) {
    this.#meter = meter
    this.#seconds = meter.histogram(httpMetrics.requestSeconds)
  }

  /** @param route as it is declared; undefined for what is no route */
  begin(method: string, route: string | undefined, response: ServerResponse): void {
    if (!this.#meter.counting) return
    const startMs = performance.now()
    response.on('close', () => {
      const status = response.writableFinished ? `${Math.floor(response.statusCode / 100)}xx` : 'gone'
      const labels = { method: methodOf(method), route: this.#nameOf(route), status }
      this.#seconds.observe(labels, (performance.now() - startMs) / 1_000)
    })
  }

  /** As the API's document has it. */
  #nameOf(route: string | undefined): string {
    if (route === undefined) return 'none'
    const known = this.#names.get(route)
    if (known !== undefined) return known
    const name = route.replaceAll(/:(\w+)/g, '{$1}')
    this.#names.set(route, name)
    return name
  }
}

const methods: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** A client may send any word as its method. */
function methodOf(method: string): string {
  return methods.includes(method) ? method : 'other'
}
