import ArgumentParser
import Databases
import ServiceSupport

/// What the history says of whoever writes it, and how long they wait.
struct AuthorOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Who patches, for the history (USER@HOST).", valueName: "name"))
    var who: String?

    @Option(help: ArgumentHelp("The name of the version that the files are of, for the history.", valueName: "version"))
    var versionName: String?

    @Option(help: ArgumentHelp("How long to wait for another patcher, in seconds.", valueName: "seconds"))
    var lockWait = 600

    @Option(
        help: ArgumentHelp(
            "How long a statement waits for a lock of a table, in seconds, before the patch is undone and tried again. "
                + "Others wait behind it meanwhile.", valueName: "seconds"))
    var lockTimeout = 3

    @Option(help: ArgumentHelp("How often a patch is tried that does not get its locks.", valueName: "count"))
    var attempts = 20

    @Option(
        help: ArgumentHelp("How long a statement may take, in seconds; 0: as long as it takes.", valueName: "seconds"))
    var statementTimeout = 0

    func validate() throws {
        guard lockWait >= 0, lockTimeout > 0, attempts > 0, statementTimeout >= 0 else {
            throw ValidationError("--lock-timeout and --attempts are at least 1, the other numbers at least 0")
        }
    }

    var author: Patcher.Author {
        Patcher.Author(who: who ?? Person.name, version: versionName, program: ProgramVersion.text)
    }

    var options: PatchOptions {
        var options = PatchOptions()
        (options.patience, options.lockTimeout, options.attempts) = (lockWait, lockTimeout, attempts)
        options.statementTimeout = statementTimeout
        return options
    }
}
