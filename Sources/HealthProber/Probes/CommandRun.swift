import CEvents
import Glibc
import HealthChecks

/// A program of a `command` probe, in a process group of its own.
final class CommandRun {
    private let program: String
    private let process: pid_t
    /// Becomes readable when the program has ended.
    let processDescriptor: Int32
    /// What it prints, on both of its streams; -1 once it is closed.
    private(set) var outputDescriptor: Int32
    /// Has the number of an error if the program could not be executed, and is at its end once it is.
    private let faultDescriptor: Int32
    private(set) var output: [UInt8] = []
    private(set) var isReaped = false

    struct StartFault: Error {
        let outcome: ProbeOutcome
    }

    /// Starts a program with nothing but its output, and with `PORTCULLIS_ADDRESS` and `PORTCULLIS_PORT` in its
    /// environment.
    static func start(
        _ words: [String], _ target: ProbeTarget, by starter: ProgramStarter
    ) -> Result<CommandRun, StartFault> {
        guard let output = Self.pipe() else { return .failure(StartFault(outcome: SystemFault.outcome(errno))) }
        defer { close(output.writing) }
        guard let fault = Self.pipe() else {
            let outcome = SystemFault.outcome(errno)
            close(output.reading)
            return .failure(StartFault(outcome: outcome))
        }
        defer { close(fault.writing) }
        func failure(_ outcome: ProbeOutcome) -> Result<CommandRun, StartFault> {
            close(output.reading)
            close(fault.reading)
            return .failure(StartFault(outcome: outcome))
        }
        let environment = [
            "PATH=\(path)", "PORTCULLIS_ADDRESS=\(target.address)", "PORTCULLIS_PORT=\(target.port)",
        ]
        switch starter.start(words, environment, output: output.writing, fault: fault.writing) {
        case .failure(let error): return failure(cannotStart(words[0], error.number))
        case .success(let process):
            let descriptor = ce_pidfd_open(process)
            guard descriptor >= 0 else {
                let outcome = SystemFault.outcome(errno)
                starter.abandon(process)
                return failure(outcome)
            }
            return .success(
                CommandRun(words[0], process, descriptor, output: output.reading, fault: fault.reading))
        }
    }

    /// A pipe whose end for reading does not wait; `nil`: there is none, as `errno` says.
    private static func pipe() -> (reading: Int32, writing: Int32)? {
        var ends: (Int32, Int32) = (-1, -1)
        let made = withUnsafeMutableBytes(of: &ends) {
            pipe2($0.assumingMemoryBound(to: Int32.self).baseAddress!, O_CLOEXEC)
        }
        guard made == 0 else { return nil }
        _ = ce_do_not_wait(ends.0)
        return ends
    }

    private static func cannotStart(_ program: String, _ number: Int32) -> ProbeOutcome {
        .void(problem: "\(program) cannot be started: \(SystemFault.text(number))")
    }

    private static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    private init(_ program: String, _ process: pid_t, _ descriptor: Int32, output: Int32, fault: Int32) {
        self.program = program
        self.process = process
        processDescriptor = descriptor
        outputDescriptor = output
        faultDescriptor = fault
    }

    deinit {
        if outputDescriptor >= 0 { close(outputDescriptor) }
        close(faultDescriptor)
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

    /// The outcome if it has not ended within so many milliseconds. A program that has not even begun says nothing of the
    /// server: the kernel still opens it.
    func silence(within time: Int) -> ProbeOutcome {
        var byte: UInt8 = 0
        guard Glibc.read(faultDescriptor, &byte, 1) < 0, errno == EAGAIN else {
            return .failure(ProbePhrase.noEnd(within: time))
        }
        return .void(problem: "\(program) did not begin in time: does its file system answer?")
    }

    /// Ends the program and whatever it has started.
    func end() {
        guard !isReaped else { return }
        // Its number, and that of its group, cannot be another's before it is waited for. A group it may not have yet.
        kill(-process, SIGKILL)
        kill(process, SIGKILL)
    }

    /// Ends the program, whose events nobody can see.
    func abandon(to starter: ProgramStarter) {
        starter.abandon(process)
        isReaped = true
    }

    /// The outcome when the program has ended, and ends what it has started; `nil`: it has not ended. Called when
    /// `processDescriptor` is readable.
    func reap(into buffer: UnsafeMutableRawBufferPointer) -> ProbeOutcome? {
        end()
        var status: Int32 = 0
        guard !isReaped else { return nil }
        let waited = waitpid(process, &status, WNOHANG)
        guard waited != 0 else { return nil }
        isReaped = true
        guard waited == process else { return .void(problem: "how a command ends is not told to the prober") }
        var fault: Int32 = 0
        if Glibc.read(faultDescriptor, &fault, MemoryLayout<Int32>.size) == MemoryLayout<Int32>.size {
            return Self.cannotStart(program, fault)
        }
        read(into: buffer)
        let end: CommandEnd = status & 0x7F == 0 ? .status(Int(status >> 8) & 0xFF) : .signal(Int(status) & 0x7F)
        return end.outcome(output: output)
    }
}
