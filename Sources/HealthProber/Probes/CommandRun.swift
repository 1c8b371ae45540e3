import CEvents
import Glibc
import HealthChecks

/// A program of a `command` probe, in a process group of its own.
final class CommandRun {
    private let process: pid_t
    /// Becomes readable when the program has ended.
    let processDescriptor: Int32
    /// What it prints, on both of its streams; -1 once it is closed.
    private(set) var outputDescriptor: Int32
    private(set) var output: [UInt8] = []
    private(set) var isReaped = false

    struct StartFault: Error {
        let outcome: ProbeOutcome
    }

    /// Starts a program with nothing but its output, and with `PORTCULLIS_ADDRESS` and `PORTCULLIS_PORT` in its
    /// environment.
    static func start(_ words: [String], _ target: ProbeTarget) -> Result<CommandRun, StartFault> {
        var pipe: (Int32, Int32) = (-1, -1)
        let made = withUnsafeMutableBytes(of: &pipe) {
            pipe2($0.assumingMemoryBound(to: Int32.self).baseAddress!, O_CLOEXEC)
        }
        guard made == 0 else { return .failure(StartFault(outcome: SystemFault.outcome(errno))) }
        defer { close(pipe.1) }
        var process: pid_t = 0
        let fault = spawn(words, target, output: pipe.1, &process)
        guard fault == 0 else {
            close(pipe.0)
            return .failure(
                StartFault(outcome: .void(problem: "\(words[0]) cannot be started: \(SystemFault.text(fault))")))
        }
        _ = ce_do_not_wait(pipe.0)
        let descriptor = ce_pidfd_open(process)
        guard descriptor >= 0 else {
            let outcome = SystemFault.outcome(errno)
            kill(-process, SIGKILL)
            waitpid(process, nil, 0)
            close(pipe.0)
            return .failure(StartFault(outcome: outcome))
        }
        return .success(CommandRun(process, descriptor, output: pipe.0))
    }

    private static func spawn(
        _ words: [String], _ target: ProbeTarget, output: Int32, _ process: inout pid_t
    ) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
        posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1)
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let environment = [
            "PATH=\(path)", "PORTCULLIS_ADDRESS=\(target.address)", "PORTCULLIS_PORT=\(target.port)",
        ]
        return withCStrings(words) { arguments in
            withCStrings(environment) { environment in
                posix_spawn(&process, words[0], &actions, &attributes, arguments, environment)
            }
        }
    }

    private static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// A list of C strings, with a null pointer at its end.
    private static func withCStrings<Result>(
        _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let pointers = texts.map { text in text.withCString { strdup($0) } }
        defer { for pointer in pointers { free(pointer) } }
        return body(pointers + [nil])
    }

    private init(_ process: pid_t, _ descriptor: Int32, output: Int32) {
        self.process = process
        processDescriptor = descriptor
        outputDescriptor = output
    }

    deinit {
        if outputDescriptor >= 0 { close(outputDescriptor) }
        close(processDescriptor)
    }

    /// Reads what the program has printed, and keeps the beginning.
    func read(into buffer: UnsafeMutableRawBufferPointer) {
        guard outputDescriptor >= 0 else { return }
        let count = Glibc.read(outputDescriptor, buffer.baseAddress, buffer.count)
        if count > 0 {
            output += buffer[..<min(count, CommandEnd.longestOutput - output.count)]
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            close(outputDescriptor)
            outputDescriptor = -1
        }
    }

    /// Ends the program and whatever it has started.
    func end() {
        // Its group cannot be another's before it is waited for.
        if !isReaped { kill(-process, SIGKILL) }
    }

    /// Ends the program and waits for it.
    func endAtOnce() {
        end()
        if !isReaped { waitpid(process, nil, 0) }
        isReaped = true
    }

    /// How the program has ended, and ends what it has started; `nil`: it has not ended. Called when
    /// `processDescriptor` is readable.
    func reap() -> CommandEnd? {
        end()
        var status: Int32 = 0
        guard !isReaped, waitpid(process, &status, WNOHANG) == process else { return nil }
        isReaped = true
        return status & 0x7F == 0 ? .status(Int(status >> 8) & 0xFF) : .signal(Int(status) & 0x7F)
    }
}
