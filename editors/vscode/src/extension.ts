// Starts `seqdsl lsp`, and says so where it can't.

import * as vscode from "vscode";
import { CloseAction, ErrorAction, LanguageClient, TransportKind } from "vscode-languageclient/node";

import { expand, find } from "./program";

let client: LanguageClient | undefined;
let log: vscode.LogOutputChannel;
let queue: Promise<void> = Promise.resolve();

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  log = vscode.window.createOutputChannel("seqdsl", { log: true });
  context.subscriptions.push(
    log,
    vscode.commands.registerCommand("seqdsl.restart", restart),
    vscode.workspace.onDidChangeConfiguration((change) =>
      change.affectsConfiguration("seqdsl.path") ? restart() : undefined,
    ),
  );
  await restart();
}

export async function deactivate(): Promise<void> {
  await stop();
}

/** Stops the server and starts it again, one such request behind the other. */
function restart(): Promise<void> {
  queue = queue.then(stop).then(start);
  return queue;
}

async function start(): Promise<void> {
  const setting = vscode.workspace.getConfiguration("seqdsl").get<string>("path", "seqdsl");
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  const program = find(expand(setting, folder), folder);
  if (program === undefined) {
    void complain(
      `seqdsl: there is no program "${setting}". Install it (pip install seqdsl), or set seqdsl.path.`,
    );
    return;
  }
  log.info(`${program} lsp`);
  const run = {
    command: program,
    args: ["lsp"],
    transport: TransportKind.stdio,
    ...(folder === undefined ? {} : { options: { cwd: folder } }),
  };
  let runs = false;
  const started: LanguageClient = new LanguageClient("seqdsl", "seqdsl", run, {
    documentSelector: [
      { scheme: "file", language: "seq" },
      { scheme: "untitled", language: "seq" },
    ],
    synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/*.seq") },
    outputChannel: log,
    // A server that ran is started again, a few times; one that never did is complained of, once.
    errorHandler: {
      error: (error, message, count) =>
        runs ? usual.error(error, message, count) : { action: ErrorAction.Shutdown, handled: true },
      closed: () => (runs ? usual.closed() : { action: CloseAction.DoNotRestart, handled: true }),
    },
    initializationFailedHandler: () => false,
  });
  const usual = started.createDefaultErrorHandler();
  try {
    await started.start();
    runs = true;
    client = started;
  } catch (error) {
    void complain(`seqdsl: "${program} lsp" did not start: ${reason(error)}`);
  }
}

async function stop(): Promise<void> {
  const stopped = client;
  client = undefined;
  try {
    await stopped?.dispose();
  } catch (error) {
    log.warn(`the server did not stop: ${reason(error)}`);
  }
}

async function complain(message: string): Promise<void> {
  log.error(message);
  const settings = "Open settings";
  const show = "Show log";
  const chosen = await vscode.window.showErrorMessage(message, settings, show);
  if (chosen === settings) {
    await vscode.commands.executeCommand("workbench.action.openSettings", "seqdsl.path");
  } else if (chosen === show) {
    log.show();
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
