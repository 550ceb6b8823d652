import type { ServerResponse } from 'node:http'
import type { Histogram, Meter } from '@hypershard/common'
import { httpMetrics } from './metrics.ts'

/** Counts each request once: when its answer is out, or its connection closed before that. */
export class HttpMeter {
  readonly #seconds: Histogram<'method' | 'route' | 'status'>

  constructor(meter: Meter) {
    this.#seconds = meter.histogram(httpMetrics.requestSeconds)
  }

  /** @param route as it is declared; undefined for what is no route */
  begin(method: string, route: string | undefined, response: ServerResponse): void {
    const startMs = performance.now()
    response.once('close', () => {
      const status = response.writableFinished ? `${Math.floor(response.statusCode / 100)}xx` : 'gone'
      const labels = { method: methodOf(method), route: nameOf(route), status }
      this.#seconds.observe(labels, (performance.now() - startMs) / 1_000)
    })
  }
}

const methods: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** A client may send any word as its method. */
function methodOf(method: string): string {
  return methods.includes(method) ? method : 'other'
}

/** As the API's document has it. */
function nameOf(route: string | undefined): string {
  return route === undefined ? 'none' : route.replaceAll(/:(\w+)/g, '{$1}')
}
