import { closeSync, constants, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { PortreeveError } from '../../model/errors.ts';
import { parseBufferStats, type BufferStats } from './buffer-stats.ts';
import { parsePageHeader, parseStateChangeFormat, type StateChangeLayout } from './event-format.ts';
import { makeInstance, type InstanceFolders } from './instance-folder.ts';
import { applySettings, EVENT_FOLDER } from './instance-settings.ts';
import { readRingPage, type RingPage } from './ring-page.ts';

/** Kernel memory for all CPUs together, KiB: some 27,000 events. No CPU gets less than the smaller figure: 430 events. */
const BUFFER_TOTAL = 2048;
const BUFFER_LEAST = 32;
/** The largest page that an architecture or `buffer_subbuf_size_kb` has in practice. One read gives one page at most. Bytes. */
const PAGE_LIMIT = 65_536;
/** Data of the smallest page; and a buffer has a page or two more than it was asked for. */
const PAGE_LEAST = 4000;
const PAGES_MORE = 4;

/** What the reading of all buffers gave. */
export interface PagesRead {
  readonly pages: number;
  /** A buffer says that events were overwritten. */
  readonly missed: boolean;
  /** Pages that could not be understood to their end. */
  readonly broken: number;
}

/** An instance of tracefs with its event on and its buffers open. */
export interface TracefsInstance {
  readonly folder: string;
  readonly bufferKib: number;
  readonly layout: StateChangeLayout;
  /** Readable for poll(2) when any CPU has an event. Never read: being open, it keeps others from reading it (Linux 6.6). */
  readonly readiness: number;
  /** Takes all events from the buffers, at most a bufferful from each CPU. The records are valid inside `onPage`. */
  readPages(onPage: (page: RingPage) => void): PagesRead;
  /** Events lost since the last call; null where someone cleared a buffer, and no one knows. 30 us per CPU. */
  countLost(): number | null;
  /** Opens the buffers of CPUs that came online. */
  openCpus(): boolean;
  /** Puts right what someone altered, and names it. */
  restore(): readonly string[];
  /** Closes all files and removes the instance. */
  close(): void;
}

export interface InstanceOptions {
  /** A mounted tracefs. */
  readonly root: string;
  /** The file of that name in /sys/devices/system/cpu. */
  readonly onlineCpus: string;
  readonly folders: InstanceFolders;
}

interface CpuBuffer {
  readonly cpu: number;
  readonly fd: number;
  stats: BufferStats;
}

/**
 * @throws an error of the file system, or PortreeveError `source-unsupported` where the kernel has no such event or
 * writes it in a form that is not known, `source-failed` where the instance cannot be had
 */
export function openInstance({ root, onlineCpus, folders }: InstanceOptions): TracefsInstance {
  const pageLayout = parsePageHeader(readFileSync(join(root, 'events/header_page'), 'latin1'));
  const layout = parseStateChangeFormat(readFileSync(join(root, EVENT_FOLDER, 'format'), 'latin1'));
  if (pageLayout === null || layout === null) throw new PortreeveError('source-unsupported', `${root} describes its events in a form that is not known here`);
  const folder = makeInstance(join(root, 'instances'), folders);
  if (folder === null) throw new PortreeveError('source-failed', `${root}/instances has eight instances of other agents; remove those that nobody needs (rmdir)`);

  const descriptors: number[] = [];
  const open = (file: string): number => {
    const fd = openSync(join(folder, file), constants.O_RDONLY | constants.O_NONBLOCK);
    descriptors.push(fd);
    return fd;
  };
  const close = (): void => {
    for (const fd of descriptors.splice(0)) closeSync(fd);
    try {
      folders.remove(folder);
    } catch {
      // No longer mounted, or someone looks at it: the next start takes it over.
    }
  };

  try {
    // First of all, so that no other agent takes the new instance for a stale one.
    const readiness = open('trace_pipe');
    const possible = readdirSync(join(folder, 'per_cpu')).filter((name) => /^cpu\d+$/.test(name)).map((name) => Number(name.slice(3)));
    const listCpus = (): readonly number[] => parseCpuList(readFileSync(onlineCpus, 'latin1')).filter((cpu) => possible.includes(cpu));
    const bufferKib = Math.max(BUFFER_LEAST, Math.floor(BUFFER_TOTAL / Math.max(1, listCpus().length)));
    const settings = applySettings(folder, bufferKib);
    const readStats = (cpu: number): BufferStats => parseBufferStats(readFileSync(join(folder, `per_cpu/cpu${cpu}/stats`), 'latin1')) ?? { lost: 0, read: 0 };
    const buffers: CpuBuffer[] = [];
    const bytes = new Uint8Array(PAGE_LIMIT);

    const instance: TracefsInstance = {
      folder,
      bufferKib,
      layout,
      readiness,
      readPages(onPage) {
        let pages = 0;
        let broken = 0;
        let missed = false;
        for (const { fd } of buffers) {
          for (let left = (bufferKib * 1024) / PAGE_LEAST + PAGES_MORE; left > 0; left -= 1) {
            const length = readPage(fd, bytes);
            if (length === 0) break;
            const page = readRingPage(bytes.subarray(0, length), pageLayout);
            pages += 1;
            missed ||= page.missed;
            if (!page.whole) broken += 1;
            onPage(page);
          }
        }
        return { pages, missed, broken };
      },
      countLost() {
        let lost = 0;
        let cleared = false;
        for (const buffer of buffers) {
          const now = readStats(buffer.cpu);
          cleared ||= now.lost < buffer.stats.lost || now.read < buffer.stats.read;
          lost += Math.max(0, now.lost - buffer.stats.lost);
          buffer.stats = now;
        }
        return cleared ? null : lost;
      },
      openCpus() {
        const fresh = listCpus().filter((cpu) => !buffers.some((buffer) => buffer.cpu === cpu));
        for (const cpu of fresh) buffers.push({ cpu, fd: open(`per_cpu/cpu${cpu}/trace_pipe_raw`), stats: { lost: 0, read: 0 } });
        return fresh.length > 0;
      },
      restore: () => settings.restore(),
      close,
    };
    instance.openCpus();
    return instance;
  } catch (error) {
    close();
    throw error;
  }
}

/** 0 where there is nothing. 7 us then, for Node makes an error of EAGAIN. */
function readPage(fd: number, bytes: Uint8Array): number {
  try {
    return readSync(fd, bytes, 0, bytes.length, null);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw error;
  }
}

/** Reads the kernel's list of CPUs, `0-3,8`. More than any kernel has are not listed. */
export function parseCpuList(text: string): readonly number[] {
  const cpus: number[] = [];
  for (const part of text.trim().split(',')) {
    const { first, last } = /^(?<first>\d{1,5})(?:-(?<last>\d{1,5}))?$/.exec(part)?.groups ?? {};
    if (first === undefined) continue;
    for (let cpu = Number(first); cpu <= Math.min(Number(last ?? first), 8191); cpu += 1) cpus.push(cpu);
  }
  return cpus;
}
