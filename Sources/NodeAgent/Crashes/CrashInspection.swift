import AdminAPI
import CrashDumps
import Foundation
import ServiceSupport
import SystemPackage
import Text
import Versions

/// Finds out what there is to know of one crash: its place, its dump by gdb, what a sanitizer has said.
struct CrashInspection: Sendable {
    let note: CrashNote
    let service: String
    /// The note's owner, which is the user that the service runs as. gdb gets no more rights than that user.
    let user: ServiceUser
    let context: NodeContext
    let shelf: CrashShelf

    /// What was found.
    struct Result: Sendable {
        var report: CrashReport
        var dump: [UInt8]
        /// What was known before the dump.
        var kind: String
    }

    /// What is known of a crash before its dump: crashes of one kind are seldom of two faults.
    struct Kind: Sendable {
        var text: String
        var place: CodePlace?
    }

    private var isAlive: Bool { ProcessTable.lives(note.process) && owner == user.user }

    private var owner: UInt32? {
        var status = stat()
        return stat("/proc/\(note.process.process)", &status) == 0 ? status.st_uid : nil
    }

    /// Where it crashed. Cost: the mappings of the process are read.
    func kind() -> Kind {
        let place = isAlive ? note.place.flatMap { CodePlace($0, in: note.process.process) } : nil
        let program = note.program.splitBytes("/").last.map(String.init) ?? ""
        return Kind(text: [program, note.end, place?.description ?? ""].joined(separator: " "), place: place)
    }

    /// - Parameters:
    ///   - refusal: why there is to be no dump; `nil`: there is to be one.
    ///   - known: the fingerprint of crashes of this kind, where one was dumped.
    func run(_ kind: Kind, refusal: String?, known: String?) async throws -> Result {
        let record = context.directory.process(of: service).record
        var report = CrashReport(
            id: note.id, service: service, version: record?.version, worker: note.worker,
            pid: Int(note.process.process), at: note.at, kind: note.kind, signal: note.signal, exitCode: note.exit,
            fingerprint: known
                ?? "\(CrashFingerprint(note.end, program: note.program, place: kind.place?.description))",
            program: ReportedText.line(note.program, atMost: Limits.crashName), problem: refusal)
        if report.version.flatMap({ ContentDigest($0) }) == nil { report.version = nil }
        var result = Result(report: report, dump: [], kind: kind.text)
        if refusal == nil {
            do {
                try await dump(&result)
            } catch let error as Failure {
                result.report.problem = ReportedText.line(error.description)
            }
        }
        if let place = kind.place, result.report.frames.isEmpty { result.report.text = "at \(place)\n" }
        let heard = sanitizerReport()
        if !heard.isEmpty { result.report.text = "\(heard)\n\(result.report.text)" }
        result.report.text = Self.text(result.report.text)
        return result
    }

    /// Why there is no stack, in words.
    private struct Failure: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = description }
    }

    // MARK: gdb

    private func dump(_ result: inout Result) async throws {
        guard isAlive else { throw Failure("the process had ended before it could be dumped") }
        let debugger = context.configuration.debugger
        guard access(debugger, X_OK) == 0 else { throw Failure("\(debugger) is not there, which reads stacks") }
        let process = shelf.process(note.id)
        let launch = launch(in: process, debugger)
        let (keeper, script) = (context.keeper, context.directory.dumpScript)
        let number = note.process.process
        let symbols = try await BlockingWork.run {
            try Folder.make(process.directory, mode: 0o755)
            try Files.replace(script, with: Array(DumpScript.text.utf8), isDurable: false, mode: 0o644)
            return try ReadableProgram.make(of: number, at: "\(process.directory)/program")
        }
        var ready = launch
        ready.words = DumpCommand.words(debugger: debugger, script: script, process: number, symbols: symbols)
        let started = ready
        defer { Self.clear(process) }
        try await BlockingWork.run { try started.start(keeper: keeper) }
        let ended = try await end(of: process)
        let bytes = (try? Files.read(process.log, limit: Limits.crashDump)).flatMap { $0 } ?? []
        guard let output = DumpOutput(bytes) else {
            let problem = JobRun.problem(ended, process.record) ?? "it said nothing of the process"
            let last = String(decoding: bytes.suffix(300), as: UTF8.self)
            throw Failure("gdb found no stack: \(problem)\(last.utf8.isEmpty ? "" : ": \(last)")")
        }
        take(output, &result)
        if let problem = JobRun.problem(ended, process.record) {
            result.report.problem = "the dump is not whole: gdb: \(problem)"
        }
    }

    private func launch(in process: ServiceProcess, _ debugger: String) -> KeeperLaunch {
        var launch = KeeperLaunch(
            service: service, process: process, instance: KeeperLaunch.newInstance(), version: "-",
            // A library that was loaded by a relative path is found from there.
            work: Files.target(of: "/proc/\(note.process.process)/cwd") ?? "/",
            words: [debugger],
            environment: [
                ("PATH", "/usr/bin:/bin"), ("LANG", "C.UTF-8"), ("HOME", "/nonexistent"),
                (DumpScript.threadVariable, "\(thread)"),
                ("PORTCULLIS_PROGRAM", note.program),
            ])
        launch.stopTimeout = 2
        launch.timeLimit = DumpCommand.timeout
        launch.limits = [("data", DumpCommand.memory), ("core", 0)]
        if geteuid() == 0, user.user != 0 { launch.user = user }
        return launch
    }

    /// The thread whose stack is shown: the one that crashed; of a process that hangs, the one that runs in a loop.
    private var thread: Int {
        let process = note.process.process
        return note.thread ?? (note.kind == .hung ? ProcessTable.busyThread(of: process) : nil) ?? Int(process)
    }

    private func end(of process: ServiceProcess) async throws -> EndedProcess {
        while true {
            switch process.situation {
            case .ended(let ended): return ended
            case .none: throw Failure("gdb was not started")
            case .alive: try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    /// Ends what may run, and removes all but the dump.
    static func clear(_ process: ServiceProcess) {
        if case .alive(let running) = process.situation {
            process.end(instance: running.instance, signal: SIGKILL, isLast: true)
        }
        let parent = Folder.parent(of: process.directory)
        _ = try? Directory.open(parent).removeAll("work")
    }

    private func take(_ output: DumpOutput, _ result: inout Result) {
        let versions = "\(context.directory.folder(of: service))/versions/"
        result.report.fingerprint =
            "\(CrashFingerprint(note.end, output.frames) { $0.hasBytePrefix(versions) || $0.isExactly(note.program) })"
        result.report.frames = output.frames.map { frame in
            CrashFrame(
                function: frame.function.map { ReportedText.line($0, atMost: Limits.crashName) },
                file: frame.file.map { ReportedText.line($0, atMost: Limits.crashName) },
                line: frame.line.flatMap { (0...Limits.reportedCount).contains($0) ? $0 : nil },
                module: frame.module.map { ReportedText.line($0, atMost: Limits.crashName) },
                address: "0x\(String(frame.address, radix: 16))")
        }
        result.report.threads = max(0, min(output.threads, Limits.reportedCount))
        // Of one that hangs any thread may be the reason.
        result.report.text = SwiftName.demangled(in: note.kind == .hung ? output.text : String(output.crashedThread))
        result.dump = Array(SwiftName.demangled(in: output.text).printableLines.utf8.prefix(Limits.crashDump))
        result.report.dumpSize = result.dump.count
        if note.thread != nil, !output.isThreadFound { result.report.problem = "the thread that crashed had ended" }
    }

    // MARK: Sanitizers

    /// What a sanitizer has written of the process, in the file that the master names to it.
    private func sanitizerReport() -> String {
        guard let folder = try? NotesFolder(of: service, context.directory) else { return "" }
        return folder.sanitizerReport(of: note.process.process)
    }

    private static func text(_ text: String) -> String {
        var text = text.printableLines
        if text.utf8.count > Limits.crashText {
            let cut = "\n[...]\n"
            var kept = text.utf8.prefix(Limits.crashText - cut.utf8.count)
            while let last = kept.last, last & 0xC0 == 0x80 { kept = kept.dropLast() }
            // The first byte of what was cut.
            if let last = kept.last, last >= 0xC0 { kept = kept.dropLast() }
            text = (String(kept) ?? "") + cut
        }
        return text
    }
}
