public import ArgumentParser
import Glibc

/// Runs a program's command and ends it like ArgumentParser, with two differences: output that cannot be written is a
/// failure, and no message can affect the terminal.
public enum Program {
    /// Runs a command to its end, and exits with its status.
    public static func run(_ root: (some AsyncParsableCommand).Type) async -> Never {
        StandardDescriptors.fill()
        do {
            var command = try root.parseAsRoot()
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
            exit(EXIT_SUCCESS)
        } catch {
            end(root, error)
        }
    }

    /// Runs a command without asynchronous parts to its end, and exits with its status.
    public static func run(_ root: (some ParsableCommand).Type) -> Never {
        StandardDescriptors.fill()
        do {
            var command = try root.parseAsRoot()
            try command.run()
            exit(EXIT_SUCCESS)
        } catch {
            end(root, error)
        }
    }

    /// `--help` and `--version` also end here: their texts are results.
    private static func end(_ root: (some ParsableCommand).Type, _ error: any Error) -> Never {
        let code = root.exitCode(for: error)
        let text = UsageText.wrapped(root.fullMessage(for: error))
        guard code.isSuccess else {
            if !text.isEmpty { StandardError.write(text) }
            exit(code.rawValue)
        }
        do {
            try StandardOutput.write(text)
            exit(EXIT_SUCCESS)
        } catch {
            if !(error is ExitCode) { StandardError.write("Error: \(error)") }
            exit((error as? ExitCode)?.rawValue ?? EXIT_FAILURE)
        }
    }
}
