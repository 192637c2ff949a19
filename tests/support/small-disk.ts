import { spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';

/**
 * Whether a disk of its own can be mounted for a test: by root on Linux, where the surroundings let it. Tests that need
 * one are left out elsewhere, and say so.
 */
export const MAY_MOUNT =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' }).status === 0;

/** A disk of so many megabytes, in memory. */
export class SmallDisk {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async mount(folder: string, megabytes: number): Promise<SmallDisk> {
    await mkdir(folder);
    run('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder);
    return new SmallDisk(folder);
  }

  makeReadOnly(isReadOnly: boolean): void {
    run('mount', '-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, this.folder);
  }

  grow(megabytes: number): void {
    run('mount', '-o', `remount,size=${megabytes}m`, this.folder);
  }

  unmount(): void {
    run('umount', '-l', this.folder);
  }
}

function run(command: string, ...parameters: string[]): void {
  const { status, stderr } = spawnSync(command, parameters);
  if (status !== 0) throw new Error(`${command} ${parameters.join(' ')}: ${stderr}`);
}
