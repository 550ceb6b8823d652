import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CertificateAuthority, type Issued, validFor } from '@hypershard/local-cluster/certificates'

export interface IssueOptions {
  readonly names?: readonly [string, ...string[]]
  /** Below 0: it has expired. */
  readonly days?: number
  /** How long it is valid in all; two days when left out. */
  readonly lifeDays?: number
  /** A CA of another cluster signs it. */
  readonly foreign?: boolean
}

/** The paths of PEM files. */
export interface CertificatePaths {
  readonly certificate: string
  readonly key: string
  readonly ca: string
}

const dayMs = 24 * 3_600_000

/** A CA, a foreign one, and what they sign, in a folder of its own. */
export class TestCertificates {
  readonly directory: string
  readonly #own: CertificateAuthority
  readonly #foreign: CertificateAuthority
  readonly ca: string
  readonly foreignCa: string

  private constructor(directory: string, own: Made, foreign: Made) {
    this.directory = directory
    this.#own = own.authority
    this.#foreign = foreign.authority
    this.ca = own.files.certificate
    this.foreignCa = foreign.files.certificate
  }

  static async make(): Promise<TestCertificates> {
    const directory = await mkdtemp(join(tmpdir(), 'hypershard-certificates-'))
    const [own, foreign] = await Promise.all([
      CertificateAuthority.create('this cluster', validFor(400)),
      CertificateAuthority.create('another cluster', validFor(400)),
    ])
    return new TestCertificates(directory, own, foreign)
  }

  issue({
    names = ['hypershard.internal'],
    days = 1,
    lifeDays = 2,
    foreign = false,
  }: IssueOptions = {}): Promise<Issued> {
    const to = new Date(Date.now() + days * dayMs)
    const validity = { from: new Date(to.getTime() - lifeDays * dayMs), to }
    return (foreign ? this.#foreign : this.#own).issue(names, validity)
  }

  /** Writes a certificate, its key and the CA under a name, each in one step, as a good renewer does. */
  async write(name: string, options: IssueOptions = {}): Promise<CertificatePaths> {
    const { certificate, key } = await this.issue(options)
    const paths = this.pathsOf(name)
    await replace(paths.certificate, certificate)
    await replace(paths.key, key)
    await replace(paths.ca, this.ca)
    return paths
  }

  pathsOf(name: string): CertificatePaths {
    const path = (end: string) => join(this.directory, `${name}${end}`)
    return { certificate: path('.pem'), key: path('-key.pem'), ca: path('-ca.pem') }
  }

  /** What a process of the cluster is told. */
  async settings(
    name: string,
    options: IssueOptions = {},
  ): Promise<Readonly<Record<`HYPERSHARD_TLS_${'CERT' | 'KEY' | 'CA'}`, string>>> {
    const { certificate, key, ca } = await this.write(name, options)
    return { HYPERSHARD_TLS_CERT: certificate, HYPERSHARD_TLS_KEY: key, HYPERSHARD_TLS_CA: ca }
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true })
  }
}

type Made = Awaited<ReturnType<typeof CertificateAuthority.create>>

async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 })
  await rename(`${path}.new`, path)
}
