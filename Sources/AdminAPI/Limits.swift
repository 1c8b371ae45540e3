/// The limits of a request's content.
public enum Limits {
    /// Addresses of a pool.
    public static let poolAddresses = 1024
    /// Inside networks of an egress rule, and networks that are excepted from it.
    public static let egressNetworks = 256
    /// Addresses of a server: one for each family.
    public static let serverAddresses = 2
    /// Labels of a server.
    public static let serverLabels = 64
    /// Elements in each list of an apply.
    public static let applied = 100_000
    /// Bytes of a JSON body.
    public static let body = 1 << 20
    /// Bytes of a meta-configuration.
    public static let source = 1 << 20
    /// Bytes of an apply.
    public static let apply = 64 << 20
    /// Elements in one page of a list.
    public static let page = 1000
    /// Places that a patch of a list names, so that they fit into a header.
    public static let places = 100
    /// Characters of a location's description.
    public static let description = 1000
    /// Bytes of a secret.
    public static let secret = 64 << 10
    /// Locations, or types, to which a token is restricted.
    public static let scope = 100
    /// The range of a real server's weight.
    public static let weights = 0...65_535
    /// The range of firewall marks that ADMIN allocates.
    public static let marks = 256...65_535
    /// Draining servers in a gateway's report.
    public static let reportedDrains = 200
    /// Instances at weight 0 in a gateway's report.
    public static let reportedDraining = 1_000
    /// Targets that are down in a gateway's report.
    public static let reportedDownTargets = 500
    /// Instances that are down in a gateway's report.
    public static let reportedDown = 1_000
    /// Instances that are down in the overview of health.
    public static let listedDown = 5_000
    /// Seconds after which a gateway that has not reported is silent: reports come once a minute at least.
    public static let reportSilence = 180
    /// Texts of a kind in a gateway's report.
    public static let reportedTexts = 20
    /// Characters of a text in a gateway's report.
    public static let reportedText = 400
    /// The highest count in a report.
    public static let reportedCount = 1_000_000_000
    /// Seconds after which a state may end: up to a year.
    public static let stateSeconds = 1...31_536_000
    /// Bytes of a report.
    public static let report = 1 << 20
    /// Bytes of a server's report.
    public static let serverReport = 4 << 20
    /// Seconds of the lease of a service that may run at one place only.
    public static let leaseSeconds = 10...3_600
    /// Instances of a rollout.
    public static let rolloutInstances = 10_000
    /// Seconds that the connections of a service get that leaves its server.
    public static let drainSeconds = 0...604_800
    /// Seconds until a job's deadline.
    public static let jobSeconds = 1...86_400
    /// Arguments of a job.
    public static let jobArguments = 16
    /// Seconds after which a join token ends: up to a week.
    public static let joinSeconds = 60...604_800
    /// Services of a server.
    public static let assignedServices = 10_000
    /// Jobs of a server at a time.
    public static let assignedJobs = 1_000
    /// Types that a server builds.
    public static let builtTypes = 256
    /// Drives of a server.
    public static let serverDrives = 64
    /// Bytes of a job's output that are kept: its end.
    public static let jobOutput = 64 << 10
    /// Bytes of the body that adds a version: a manifest of 64 MiB, its quotation marks escaped.
    public static let version = 80 << 20
    /// Signatures of a manifest.
    public static let signatures = 16
    /// Characters of the reason for a version's mark.
    public static let reason = 400
    /// Contents of which a client asks at once whether they are there.
    public static let askedBlobs = 1_000
    /// Bytes of a content that come with one request.
    public static let piece = 16 << 20
    /// Bytes of a content.
    public static let blob = 1 << 40
    /// Bytes of text of a piece of a log.
    public static let logPiece = 64 << 10
    /// Bytes of text of all pieces that are sent at a time.
    public static let logPieces = 256 << 10
    /// Bytes of a delivery of logs: every byte of text escaped.
    public static let logDelivery = 2 << 20
    /// Bytes that are kept of a followed log.
    public static let followedLog = 256 << 10
    /// Logs that are followed at a time.
    public static let followedLogs = 64
    /// Lines with which a log is begun.
    public static let logLines = 10_000
    /// Seconds for which a log is still sent after its last reader.
    public static let logRest = 15
    /// The greatest place in a log.
    public static let logOffset = 1 << 50
    /// Workers of a service; 0 stands for its program itself.
    public static let workers = 0...64
    /// Jobs of a service's master at a time.
    public static let serviceJobs = 32
    /// Jobs in a master's report, those that ended lately included.
    public static let reportedServiceJobs = 64
    /// Bytes of a master's report.
    public static let serviceReport = 2 << 20
    /// Characters of what a worker says of itself.
    public static let workerStatus = 256
    /// Bytes of a piece of Lua.
    public static let luaSource = 64 << 10
    /// Seconds that a piece of Lua may take.
    public static let luaSeconds = 1...60
    /// The longest time in seconds for which ADMIN holds a master's poll.
    public static let linkPoll = 10
    /// Seconds without a request after which a master is suspected to be out of touch.
    public static let linkSuspicion = 15
    /// Seconds without a request after which a master is lost.
    public static let linkLoss = 30
    /// Identifiers of processes on Linux.
    public static let processIDs = 1...(1 << 22)
    /// Numbers of signals on Linux.
    public static let signals = 1...64
    /// Frames in the report of a crash.
    public static let crashFrames = 64
    /// Characters of a function's name, or a path, in the report of a crash.
    public static let crashName = 500
    /// Bytes of the text in the report of a crash.
    public static let crashText = 64 << 10
    /// Bytes of a dump that ADMIN fetches.
    public static let crashDump = 8 << 20
    /// Dumps that ADMIN fetches at a time.
    public static let wantedDumps = 8
    /// Seconds that a node gets to send a dump.
    public static let dumpSeconds = 30
    /// Seconds without a poll of a node after which nobody waits for its dump any more.
    public static let dumpSilence = 10
    /// Reports that a group of crashes is shown with.
    public static let shownCrashes = 20
}
