/** The programs that run on the JVM: what they need, and how they are compiled. */
import { glob, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { artefact, hashOfTree } from '../../infra/machine/cache.ts'
import { MissingComponent } from '../../infra/machine/missing.ts'
import { run, which } from '../../infra/machine/shell.ts'

export interface JvmPeer {
  readonly name: string
  /** Of the system, as a reader knows it. */
  readonly version: string
  /** Below java/, beside common/ and data/. */
  readonly sources: string
  readonly mainClass: string
  /** group:artifact:version on Maven Central. */
  readonly dependencies: readonly string[]
  /** That this system needs, besides those that all have. */
  readonly flags: readonly string[]
}

const kafka = '4.3.1'
/** The newest release for which there is a connector. */
const flink = '2.2.1'
const flinkKafka = '5.0.0-2.2'
const jackson = '2.21.2'
/** databind alone would leave jackson-core to whichever dependency comes first, and Flink brings an older one. */
const shared = [
  `com.fasterxml.jackson.core:jackson-core:${jackson}`,
  `com.fasterxml.jackson.core:jackson-databind:${jackson}`,
  'org.slf4j:slf4j-simple:1.7.36',
]
const flinkModules = ['streaming-java', 'clients', 'connector-base', 'statebackend-rocksdb'].map(
  (module) => `org.apache.flink:flink-${module}:${flink}`,
)

export const jvmPeers: Readonly<Record<'plain-java' | 'kafka-streams' | 'flink', JvmPeer>> = {
  'plain-java': {
    name: 'plain-java',
    version: kafka,
    sources: 'plain',
    mainClass: 'plain.PlainJava',
    dependencies: [...shared, `org.apache.kafka:kafka-clients:${kafka}`],
    flags: [],
  },
  'kafka-streams': {
    name: 'kafka-streams',
    version: kafka,
    sources: 'streams',
    mainClass: 'streams.KafkaStreamsJob',
    dependencies: [...shared, `org.apache.kafka:kafka-streams:${kafka}`],
    flags: [],
  },
  flink: {
    name: 'flink',
    version: flink,
    sources: 'flink',
    mainClass: 'flink.FlinkJob',
    dependencies: [...shared, ...flinkModules, `org.apache.flink:flink-connector-kafka:${flinkKafka}`],
    // Its serializers look into classes of the JDK: the same flags as in the config.yaml of its distribution, as far as a job in one process needs them.
    flags: ['java.util', 'java.lang'].map((module) => `--add-opens=java.base/${module}=ALL-UNNAMED`),
  },
}

/** Everything that `java -cp` needs, made at the first use. Throws MissingComponent without Maven or a JDK. */
export async function classPath(peer: JvmPeer): Promise<string> {
  const libraries = join(await dependencies(peer), 'libs', '*')
  return `${await classes(peer, libraries)}:${libraries}`
}

async function dependencies({ name, version, dependencies }: JvmPeer): Promise<string> {
  if (!(await which('mvn'))) throw new MissingComponent('Maven', `install it (Debian: maven); it fetches ${name} from Maven Central.`)
  const pom = pomOf(dependencies)
  return await artefact({
    name: `peer-${name}`,
    version,
    recipe: [pom],
    title: `${name} ${version} from Maven Central`,
    make: async (draft) => {
      await writeFile(join(draft, 'pom.xml'), pom)
      const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
      await run('mvn', ['-B', '-q', '-ntp', plugin, '-DincludeScope=runtime', `-DoutputDirectory=${join(draft, 'libs')}`], { cwd: draft })
    },
  })
}

async function classes({ name, version, sources }: JvmPeer, libraries: string): Promise<string> {
  if (!(await which('javac'))) throw new MissingComponent('A JDK of Java 17 or later', 'install it (Debian: openjdk-17-jdk-headless).')
  const directories = ['common', 'data', sources].map((directory) => join(import.meta.dirname, 'java', directory))
  return await artefact({
    name: `peer-${name}-classes`,
    version,
    recipe: [libraries, ...(await Promise.all(directories.map((directory) => hashOfTree(directory)))), ...javacFlags],
    title: `${name}: its program compiled`,
    make: async (draft) => {
      const files = await Array.fromAsync(glob(directories.map((directory) => join(directory, '*.java'))))
      await run('javac', [...javacFlags, '-cp', libraries, '-d', draft, ...files.toSorted()])
    },
  })
}

const javacFlags = ['--release', '17', '-encoding', 'UTF-8', '-proc:none']

const pomOf = (dependencies: readonly string[]): string => `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>dev.streamjob</groupId>
  <artifactId>class-path</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
${dependencies.map((dependency) => `    ${dependencyElement(dependency)}\n`).join('')}  </dependencies>
</project>
`

function dependencyElement(coordinates: string): string {
  const [group, artifact, version] = coordinates.split(':')
  return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`
}
