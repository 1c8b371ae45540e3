public import ArgumentParser
import Glibc

/// Runs a program's command and ends it like ArgumentParser, with two differences: output that cannot be written is a
/// failure, and no message can affect the terminal.
public enum Program {
    /// Runs a command to its end, and exits with its status.
    public static func run(_ root: (some AsyncParsableCommand).Type) async -> Never {
        StandardDescriptors.fill()
        do {
            var command = try await root.asyncParseAsRoot(try words(of: root))
            do {
                if var command = command as? any AsyncParsableCommand {
                    try await command.run()
                } else {
                    try command.run()
                }
            } catch let error as ValidationError {
                end(root, type(of: command), error)
            }
            exit(EXIT_SUCCESS)
        } catch let error as CommandWords.Unknown {
            end(root, error.group, error.error)
        } catch {
            end(root, error)
        }
    }

    /// Runs a command without asynchronous parts to its end, and exits with its status.
    public static func run(_ root: (some ParsableCommand).Type) -> Never {
        StandardDescriptors.fill()
        do {
            var command = try root.parseAsRoot(try words(of: root))
            do { try command.run() } catch let error as ValidationError { end(root, type(of: command), error) }
            exit(EXIT_SUCCESS)
        } catch let error as CommandWords.Unknown {
            end(root, error.group, error.error)
        } catch {
            end(root, error)
        }
    }

    /// The arguments of the process.
    private static func words(of root: any ParsableCommand.Type) throws -> [String] {
        try CommandWords.arguments(Array(CommandLine.arguments.dropFirst()), of: root)
    }

    /// Ends a command that found only while it ran that it was used wrongly.
    private static func end(
        _ root: (some ParsableCommand).Type, _ command: any ParsableCommand.Type, _ error: ValidationError
    ) -> Never {
        StandardError.write(UsageText.wrapped(UsageText.message(error, of: command, in: root)))
        exit(root.exitCode(for: error).rawValue)
    }

    /// `--help` and `--version` also end here: their texts are results.
    private static func end(_ root: (some ParsableCommand).Type, _ error: any Error) -> Never {
        let code = root.exitCode(for: error)
        var text = UsageText.wrapped(root.fullMessage(for: error))
        guard code.isSuccess else {
            // What a command that ran has to say is its own matter; only ArgumentParser repeats words as they are.
            if code == .validationFailure { text = UsageText.shortened(text, Array(CommandLine.arguments.dropFirst())) }
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
