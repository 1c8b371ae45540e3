import Admin
import ArgumentParser
import Cloud
import Foundation
import Logging
import NIOCore
import Registry
import ServiceLifecycle
import ServiceSupport
import Synchronization
import UnixSignals

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the server (default).",
        discussion: """
            SIGTERM and SIGINT end it: running requests are answered to the end, held polls at once. SIGHUP reads the \
            settings and the TLS files again: log-level, keep-events, keep-revisions, keep-revision-bytes, \
            crash-retention, keep-contents, versions-reserve, lost-share, notices, dead-man-url and the TLS \
            files take effect at once, other settings with the next start. Messages go to standard error. Exit status: \
            0 ended by a signal, 1 failed, 64 wrong usage. Under systemd use Type=notify: systemd hears when ADMIN \
            listens and its registry is open.
            """)

    @OptionGroup var options: SettingsOptions

    @Option(
        help: ArgumentHelp("Where to listen; port 0 is any free one. (default: 127.0.0.1:8080)", valueName: "host:port")
    )
    var listen: String?

    @Option(
        help: ArgumentHelp("The certificate with its chain (PEM); with it ADMIN listens with TLS.", valueName: "file"),
        completion: .file())
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("The certificate's private key (PEM).", valueName: "file"), completion: .file())
    var tlsKey: String?

    @Option(
        help: ArgumentHelp(
            "The key that secrets are encrypted with; \"portcullis-admin secrets-key\" makes one.", valueName: "file"),
        completion: .file())
    var secretsKey: String?

    @Option(
        help: ArgumentHelp(
            "trace, debug, info, notice, warning, error or critical. (default: info)", valueName: "level"))
    var logLevel: String?

    @Option(
        help: ArgumentHelp(
            "Most connections at a time. (default: as many as the limit of open files allows)",
            valueName: "number"))
    var maxConnections: String?

    @Option(help: ArgumentHelp("Most gateways that ADMIN remembers. (default: 20000)", valueName: "number"))
    var maxGateways: String?

    @Option(help: ArgumentHelp("How many events are kept; older ones go. (default: 1000000)", valueName: "number"))
    var keepEvents: String?

    @Option(
        help: ArgumentHelp(
            "How many revisions of types are kept beside the current ones; older ones go. (default: 100000)",
            valueName: "number"))
    var keepRevisions: String?

    @Option(
        help: ArgumentHelp(
            "How many bytes of such revisions are kept; older ones go. (default: 1000000000)", valueName: "number"))
    var keepRevisionBytes: String?

    @Option(help: ArgumentHelp("How many days reports of crashes are kept. (default: 30)", valueName: "days"))
    var crashRetention: String?

    @Option(
        help: ArgumentHelp(
            "Percent of the cloud, or of a kind of object, that --prune may delete without --yes-delete. (default: 50)",
            valueName: "percent"))
    var pruneShare: String?

    @Option(
        help: ArgumentHelp(
            "How long a new connection may take until its first request's head has come, TLS included. (default: 10)",
            valueName: "seconds"))
    var headTimeout: String?

    @Option(
        help: ArgumentHelp("How long a connection may stay open without a request. (default: 75)", valueName: "seconds")
    )
    var idleTimeout: String?

    @Option(
        help: ArgumentHelp(
            "How long a body may take to come, or an answer to be taken; each 16 KiB adds one second. (default: 20)",
            valueName: "seconds"))
    var transferTimeout: String?

    @Option(
        help: ArgumentHelp(
            "The directory for versions of services. (default: versions, beside the database)", valueName: "directory"),
        completion: .directory)
    var versionsDirectory: String?

    @Option(
        help: ArgumentHelp(
            "How long a content of files stays that no version needs. (default: 86400)", valueName: "seconds"))
    var keepContents: String?

    @Option(
        help: ArgumentHelp(
            "Bytes of the disk that uploads of versions leave free. (default: 268435456)", valueName: "number"))
    var versionsReserve: String?

    @Option(
        help: ArgumentHelp(
            "Whether ADMIN runs tests \"from: outside\" in rollouts; false: they count as passed. (default: true)",
            valueName: "true|false"))
    var outsideTests: String?

    @Option(
        help: ArgumentHelp(
            "Percent of a location's servers: when more are lost at once, no service moves. (default: 33)",
            valueName: "percent"))
    var lostShare: String?

    func run() async throws {
        var flags: [AdminSettings.Key: String] = [:]
        flags[.listen] = listen
        flags[.tlsCertificate] = tlsCertificate
        flags[.tlsKey] = tlsKey
        flags[.secretsKey] = secretsKey
        flags[.logLevel] = logLevel
        flags[.maxConnections] = maxConnections
        flags[.maxGateways] = maxGateways
        flags[.keepEvents] = keepEvents
        flags[.keepRevisions] = keepRevisions
        flags[.keepRevisionBytes] = keepRevisionBytes
        flags[.crashRetention] = crashRetention
        flags[.pruneShare] = pruneShare
        flags[.headTimeout] = headTimeout
        flags[.idleTimeout] = idleTimeout
        flags[.transferTimeout] = transferTimeout
        flags[.versionsDirectory] = versionsDirectory
        flags[.keepContents] = keepContents
        flags[.versionsReserve] = versionsReserve
        flags[.outsideTests] = outsideTests
        flags[.lostShare] = lostShare
        let source = options.source(flags: flags)
        let settings = try source.read()
        let level = LogLevel(settings.logLevel)
        LoggingSystem.bootstrap { level.handler($0) }
        let logger = Logger(label: "portcullis-admin")

        try ClockRange.check(Date())
        let secretKey = try settings.secretsKey.map { try SecretKey.load($0) }
        try Registry.makeFolder(of: settings.database)
        let isNew = try Registry.isNew(settings.database)
        let lock = try RegistryLock(settings.database)
        let registry = try lock.opening { try Registry.openOrMake(settings.database) }
        try lock.lockDatabase()
        if isNew { logger.warning("a new registry: there was none", metadata: ["database": "\(settings.database)"]) }
        try await registry.checkSecrets(secretKey)
        try settings.checkListening(hasTokens: try await !registry.tokens.isEmpty())
        let isListening = Mutex(false)
        let notifier = SystemdNotifier(environment: ProcessInfo.processInfo.environment)
        let gateways = GatewayRoster(
            registry: registry, limits: .init(gateways: settings.maxGateways), logger: logger)
        let versions = try VersionKeeper(settings.versions, registry: registry, logger: logger)
        let upkeep = RegistryUpkeep(
            registry: registry, retention: settings.retention, versions: versions, logger: logger)
        let stateClock = StateClock(registry: registry, logger: logger)
        let courier = try NoticeCourier(settings.channels, registry: registry, logger: logger)
        let admin = try AdminApplication(
            registry: registry, gateways: gateways, address: settings.listen, tls: settings.tls?.load(),
            secretKey: secretKey, isOpenWithoutTokens: settings.listen.isLoopback,
            limits: settings.connections, pruneShare: settings.pruneShare, versions: versions,
            hasOutsideTests: settings.hasOutsideTests, courier: courier, logger: logger
        ) { [logger] port in
            isListening.withLock { $0 = true }
            let scheme = settings.tls == nil ? "http" : "https"
            let address = settings.listen.with(port: port)
            logger.info("listening on \(scheme)://\(address)", metadata: ["database": "\(settings.database)"])
            notifier.ready()
        }
        let starts = StartWatch(registry: registry, nodes: admin.nodes, logger: logger)
        let moves = MoveDriver(registry: registry, gateways: gateways, nodes: admin.nodes, logger: logger)
        let actions = ActionClock(registry: registry, nodes: admin.nodes, logger: logger)
        let application = try admin.application()
        let serverWatch = ServerWatch(
            registry: registry, nodes: admin.nodes, share: settings.lostShare, logger: logger)
        let endWatch = EndWatch(certificate: settings.tls?.certificate, registry: registry, logger: logger)
        let deadMan = DeadMan(settings.deadManURL, registry: registry, logger: logger)
        let reloading = Reloading(
            started: settings, source: source, admin: admin, registry: registry, upkeep: upkeep,
            versions: versions, courier: courier, deadMan: deadMan, endWatch: endWatch, serverWatch: serverWatch,
            level: level,
            logger: logger)

        var configuration = ServiceGroupConfiguration(
            services: [
                gateways, upkeep, stateClock, starts, moves, actions, courier, deadMan, endWatch, serverWatch,
                reloading,
                application, StoppingNotice(notifier: notifier),
            ],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(10)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch  where !isListening.withLock({ $0 }) {
            let reason = (error as? IOError).map { FileError.reason($0.errnoCode) } ?? "\(error)"
            throw SettingsError("cannot listen on \(settings.listen): \(reason)")
        }
        try withExtendedLifetime(lock) { try registry.close() }
        logger.info("ended")
    }
}
