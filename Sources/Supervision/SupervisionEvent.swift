/// What happens to the workers of a service.
package enum SupervisionEvent: Sendable, Equatable {
    /// The process has become the program.
    case executed(generation: Int)
    /// There is no process, or it could not become the program.
    case notStarted(generation: Int, reason: String)
    case notified(generation: Int, NotifyMessage)
    /// The port that makes it ready accepts connections.
    case accepts(generation: Int)
    case controlled(generation: Int, ControlMessage)
    /// The crash part in it has written its record.
    case crashed(generation: Int, WorkerCrash)
    ///
    /// - Parameter left: processes that it has left behind, which were ended.
    case ended(generation: Int, WorkerEnd, left: Int = 0)
    /// The node needs the process no longer.
    case dumped(generation: Int)
    /// The configuration file was touched.
    case configurationTouched
    case reload
    case restart
    /// Somebody has ordered something, and waits for the `done`, `notReloaded` or `dumped` of this ticket.
    case ordered(WorkerOrder, ticket: Int)
    case stop
    /// Time has passed.
    case time
}

/// What the master is to do, in this order.
package enum SupervisionAction: Sendable, Equatable {
    /// Opens the worker's sockets if they are closed, and starts a process. `Supervisor.started` or `notStarted` follows.
    case start(number: Int, generation: Int)
    /// Nobody serves the worker's sockets for a while.
    case closeSockets(number: Int)
    /// Notes the phase where the next master finds it.
    case mark(number: Int, generation: Int, Worker.Phase)
    case signal(generation: Int, Int32)
    /// Kills it with all of its process group.
    case kill(generation: Int)
    /// Looks whether the port that makes it ready accepts a connection.
    case probe(generation: Int, port: UInt16)
    case send(generation: Int, ControlOrder)
    /// The configuration file as it is now is the one that workers are reloaded for.
    case noteConfiguration
    /// Writes a crash file for the node.
    case record(CrashRecord)
    /// The process has ended: its descriptors are of no use.
    case forget(number: Int, generation: Int)
    /// An order is carried out, or is given up for this reason.
    case done(ticket: Int, problem: String?)
    /// An ordered reload has left workers as they were, as the settings say.
    case notReloaded(ticket: Int, reason: String)
    /// A worker is dumped as ordered: the crash file of this record was written.
    case dumped(ticket: Int, CrashRecord)
    /// A line of the log.
    case say(String)
    /// All workers are ready for the first time.
    case tellReady
    /// Nothing is left: the master ends with this status.
    case finish(status: Int32)
}
