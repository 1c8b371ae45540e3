import Foundation
import Synchronization
import TestSupport

/// A run of a built program: what it printed and how it ended.
struct CommandRun: Sendable {
    let output: String
    let errors: String
    let status: Int32

    /// Runs the command against an ADMIN, without anything of the caller's settings.
    static func portcullis(_ arguments: String..., admin: RunningAdmin? = nil) async throws -> CommandRun {
        try await run("portcullis", arguments, admin.map { ["PORTCULLIS_ADMIN_URL": $0.url] } ?? [:])
    }

    /// Runs one of the programs.
    static func run(
        _ program: String, _ arguments: [String], _ environment: [String: String] = [:]
    ) async throws -> CommandRun {
        let process = Process()
        process.executableURL = Self.program(program)
        process.arguments = arguments
        process.environment = environment
        process.currentDirectoryURL = URL(filePath: #filePath).appending(path: "../../../..").standardizedFileURL
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        return try await onOwnThread {
            try start(process)
            // What goes to standard error fits into the pipe; what goes to standard output may not.
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            let messages = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            return CommandRun(output: text, errors: messages, status: process.terminationStatus)
        }
    }

    /// Starts a process: one at a time, since Foundation crashes at times when several threads start one.
    static func start(_ process: Process) throws { try starting.withLock { _ in try process.run() } }

    private static let starting = Mutex(())

    /// Where a program was built; one of the system is named by its path.
    static func program(_ name: String) -> URL {
        if name.hasPrefix("/") { return URL(filePath: name) }
        return URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: name)
    }
}
