import Glibc
import Supervision

/// The descriptors of one process of the program.
struct WorkerHandle {
    let number: Int
    let generation: Int
    let pid: pid_t
    let pidfd: Int32
    /// Where its crash part's record is read; -1: closed.
    var crash: Int32 = -1
    /// The master's end of its control socket; -1: closed.
    var control: Int32 = -1
    /// Where it says why it could not become the program; -1: closed.
    var fault: Int32 = -1
    /// Under which phase the keeper has it.
    var phase = Worker.Phase.starting
    /// Processes that it has left in its group, which were ended.
    var left = 0
    /// When it was seen to have ended, in milliseconds, if only the keeper can say how.
    var endedAt: Int?

    /// The names under which the keeper has its descriptors.
    var storedNames: [StoredName] {
        [
            .process(phase, number: number, generation: generation), .crash(number: number, generation: generation),
            .control(number: number, generation: generation),
        ]
    }
}
