#!/usr/bin/env node
import { join } from 'node:path';
import { launch, root } from './launcher.mjs';

launch([join(root, 'src', 'presentation', 'cli', 'main.ts'), ...process.argv.slice(2)]);
