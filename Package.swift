// swift-tools-version: 6.2
import PackageDescription

/// CI sets it (.ci/run): a warning is an error there. Whoever builds with a newer compiler, which warns of more, is
/// not kept from it.
let warnings: [SwiftSetting] =
    Context.environment["PORTCULLIS_WARNINGS_AS_ERRORS"] == "1" ? [.treatAllWarnings(as: .error)] : []

/// Swift 6 language mode comes with the tools version; on top of it every module of ours says what it imports for its
/// public interface, and for that of the package.
let strict: [SwiftSetting] =
    warnings + [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ]

/// As `strict`, without ExistentialAny: the expansions of Swift Testing's macros do not keep to it.
let strictTests: [SwiftSetting] =
    warnings + [
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ]

let package = Package(
    name: "portcullis",
    products: [
        .executable(name: "portcullis-admin", targets: ["portcullis-admin"]),
        .executable(name: "portcullis-gateway", targets: ["portcullis-gateway"]),
        .executable(name: "portcullis-checks", targets: ["portcullis-checks"]),
        .executable(name: "portcullis", targets: ["portcullis"]),
        .executable(name: "portcullis-keeper", targets: ["portcullis-keeper"]),
        .executable(name: "portcullis-master", targets: ["portcullis-master"]),
        .executable(name: "portcullis-database", targets: ["portcullis-database"]),
        .executable(name: "portcullis-node", targets: ["portcullis-node"]),
        .executable(name: "portcullis-generate", targets: ["portcullis-generate"]),
        .library(name: "Netlink", targets: ["Netlink"]),
        .library(name: "ServicesExport", targets: ["ServicesExport"]),
        .library(name: "ServiceWorker", targets: ["ServiceWorker"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.34.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // C libraries of the system
        .systemLibrary(name: "CNetlink", pkgConfig: "libnftnl", providers: [.apt(["libnftnl-dev", "libmnl-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "CLua", pkgConfig: "lua5.4", providers: [.apt(["liblua5.4-dev"])]),
        .systemLibrary(name: "CPostgreSQL", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CMalloc"),
        .systemLibrary(name: "CEvents"),
        .systemLibrary(name: "CFiles"),
        // C of our own
        .target(name: "CStarter"),
        .target(name: "CMaster"),
        .systemLibrary(name: "CCrashRecord"),
        .target(name: "CServiceWorker", dependencies: ["CLua"]),

        // Values: contracts, formats, decisions. They do no input or output.
        .target(name: "NetworkTypes", swiftSettings: strict),
        .target(name: "Text", swiftSettings: strict),
        .target(name: "Times", dependencies: ["Text"], swiftSettings: strict),
        .target(name: "Names", dependencies: ["Text"], swiftSettings: strict),
        .target(name: "JSON", dependencies: ["Text"], swiftSettings: strict),
        .target(name: "YAML", dependencies: ["CYAML", "Text"], swiftSettings: strict),
        .target(
            name: "ServicesExport",
            dependencies: ["HealthChecks", "NetworkTypes", "Text", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: strict),
        .target(
            name: "HealthChecks",
            dependencies: ["NetworkTypes", "Text", .product(name: "HeapModule", package: "swift-collections")],
            swiftSettings: strict),
        .target(name: "CombinedConfiguration", dependencies: ["JSON", "Text", "YAML"], swiftSettings: strict),
        .target(name: "Rollouts", swiftSettings: strict),
        .target(name: "Supervision", dependencies: ["JSON", "Text"], swiftSettings: strict),
        .target(
            name: "Cloud",
            dependencies: [
                "CombinedConfiguration", "HealthChecks", "JSON", "Names", "NetworkTypes", "Rollouts", "ServicesExport",
                "Text", "Times",
                "YAML",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: strict),

        // Other programs' configurations
        .target(
            name: "Keepalived", dependencies: ["HealthChecks", "NetworkTypes", "ServicesExport", "Text", "YAML"],
            swiftSettings: strict),

        // Edges that all sides share
        .target(
            name: "AdminAPI", dependencies: ["JSON", "Names", "NetworkTypes", "Rollouts", "Text", "Times"],
            swiftSettings: strict
        ),
        .target(
            name: "ServiceSupport",
            dependencies: [
                "Text", "YAML",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),
        .target(
            name: "AdminClient",
            dependencies: [
                "AdminAPI", "NetworkTypes", "ServiceSupport", "Text",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: strict),
        .target(
            name: "CommandLineSupport",
            dependencies: [
                "ServiceSupport", "Text", "Times", "YAML",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),

        // Versions: made by the command line, kept by ADMIN, run by servers
        .target(
            name: "Versions",
            dependencies: [
                "CFiles", "CZstd", "Cloud", "JSON", "Names", "NetworkTypes", "ServiceSupport", "Text", "Times",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),

        // Crashes: what gdb says of a process
        .target(
            name: "CrashDumps",
            dependencies: ["JSON", "Text", .product(name: "Crypto", package: "swift-crypto")], swiftSettings: strict),

        // How versions come to ADMIN: from the command line, and from servers that build them
        .target(
            name: "VersionTransfer",
            dependencies: ["AdminAPI", "AdminClient", "JSON", "ServiceSupport", "Text", "Versions"],
            swiftSettings: strict),

        // The gateway
        .target(
            name: "Netlink",
            dependencies: [
                "CNetlink", "NetworkTypes", "Text",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),
        .target(
            name: "GatewaySync", dependencies: ["HealthChecks", "Netlink", "NetworkTypes", "ServicesExport", "Text"],
            swiftSettings: strict),
        .target(
            name: "GatewayDaemon",
            dependencies: [
                "AdminAPI", "AdminClient", "CMalloc", "GatewaySync", "HealthChecks", "Netlink", "NetworkTypes",
                "ServiceSupport", "ServicesExport", "Text", "YAML",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .target(
            name: "PacemakerConfiguration", dependencies: ["NetworkTypes", "ServicesExport", "Text"],
            swiftSettings: strict),
        .executableTarget(
            name: "portcullis-gateway",
            dependencies: [
                "AdminClient", "CommandLineSupport", "GatewayDaemon", "GatewaySync", "Netlink", "NetworkTypes",
                "PacemakerConfiguration", "ServiceSupport", "ServicesExport", "Text",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        // The prober has one loop of its own. NIO is there for TLS alone: NIOSSL's handler in a channel in memory
        // (NIOEmbedded), whose handshake NIOTLS announces.
        .target(
            name: "HealthProber",
            dependencies: [
                "CEvents", "CStarter", "HealthChecks", "NetworkTypes", "ServiceSupport", "Text",
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "portcullis-checks",
            dependencies: [
                "CEvents", "CommandLineSupport", "HealthChecks", "HealthProber", "NetworkTypes", "ServiceSupport",
                "Text",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),

        // Servers: the agent on each, and what keeps a service
        .target(name: "Systemd", dependencies: ["CSystemd"], swiftSettings: strict),
        .target(
            name: "NodeAgent",
            dependencies: [
                "AdminAPI", "AdminClient", "CFiles", "Cloud", "CrashDumps", "JSON", "Names", "NetworkTypes",
                "ServiceSupport", "Supervision", "Systemd", "Text", "Times", "VersionTransfer", "Versions", "YAML",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),
        .executableTarget(name: "portcullis-keeper", dependencies: ["CMaster"]),
        .target(
            name: "MasterLink",
            dependencies: [
                "AdminAPI", "AdminClient", "Names", "ServiceSupport", "Supervision", "Text", "Times",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "portcullis-master",
            dependencies: ["CEvents", "CMaster", "JSON", "MasterLink", "Supervision", "Text"],
            swiftSettings: strict),
        .executableTarget(
            name: "portcullis-node",
            dependencies: [
                "CommandLineSupport", "NodeAgent", "ServiceSupport", "Text",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),

        // Databases of services: the runner of patches
        .target(
            name: "DatabasePatches", dependencies: ["Text", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: strict),
        .target(
            name: "Databases",
            dependencies: [
                "CEvents", "CPostgreSQL", "CSQLite", "DatabasePatches", "JSON", "ServiceSupport", "Text",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "portcullis-database",
            dependencies: [
                "CommandLineSupport", "DatabasePatches", "Databases", "JSON", "ServiceSupport", "Text",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        // Inside services
        .target(name: "ServiceWorker", dependencies: ["CServiceWorker"], swiftSettings: strict),

        // ADMIN
        .target(
            name: "Registry",
            dependencies: [
                "AdminAPI", "Cloud", "CombinedConfiguration", "HealthChecks", "JSON", "Names", "NetworkTypes",
                "Rollouts",
                "ServiceSupport", "ServicesExport", "Text", "Times", "Versions",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .target(
            name: "Admin",
            dependencies: [
                "AdminAPI", "CMalloc", "Cloud", "CombinedConfiguration", "JSON", "Names", "NetworkTypes", "Registry",
                "Rollouts", "ServiceSupport", "ServicesExport", "Text", "Times", "Versions", "YAML",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "portcullis-admin",
            dependencies: [
                "Admin", "AdminAPI", "Cloud", "CommandLineSupport", "Names", "Registry", "ServiceSupport", "Text",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),

        // The command line
        .executableTarget(
            name: "portcullis",
            dependencies: [
                "AdminAPI", "AdminClient", "Cloud", "CombinedConfiguration", "CommandLineSupport", "JSON", "Keepalived",
                "Names", "NetworkTypes", "Rollouts", "ServiceSupport", "ServicesExport", "Text", "Times",
                "VersionTransfer",
                "Versions", "YAML",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        // For tests and benchmarks alone: fuzzing, a kernel in memory, clouds of any size
        .target(
            name: "Fuzzing",
            dependencies: [
                "Cloud", "CombinedConfiguration", "HealthChecks", "JSON", "Names", "NetworkTypes", "ServicesExport",
                "Versions", "YAML",
            ],
            path: "Tests/Fuzzing", swiftSettings: strict),
        .executableTarget(
            name: "portcullis-fuzz",
            dependencies: [
                "Admin", "AdminAPI", "Cloud", "CombinedConfiguration", "CommandLineSupport", "Fuzzing",
                "HealthChecks", "JSON", "Keepalived", "Names", "NetworkTypes", "Registry", "ServicesExport", "Versions",
                "YAML",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            path: "Tests/portcullis-fuzz", swiftSettings: strict),
        .target(
            name: "RegistryTestSupport",
            dependencies: ["AdminAPI", "Cloud", "Registry", "Versions", .product(name: "GRDB", package: "GRDB.swift")],
            path: "Tests/RegistryTestSupport", swiftSettings: strict),
        .target(
            name: "GatewayTestSupport",
            dependencies: [
                "GatewayDaemon", "GatewaySync", "Netlink", "NetworkTypes", "ServicesExport",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/GatewayTestSupport", swiftSettings: strict),
        .executableTarget(
            name: "portcullis-bench",
            dependencies: [
                "GatewayDaemon", "GatewaySync", "GatewayTestSupport", "ServiceSupport", "ServicesExport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Benchmarks/portcullis-bench", swiftSettings: strict),
        .target(name: "LargeCloud", dependencies: ["NetworkTypes", "ServicesExport"], swiftSettings: strict),
        .executableTarget(
            name: "portcullis-generate",
            dependencies: [
                "AdminAPI", "AdminClient", "CommandLineSupport", "JSON", "LargeCloud", "NetworkTypes", "ServiceSupport",
                "Text",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        // Tests mirror the modules
        .target(
            name: "TestSupport", dependencies: [.product(name: "Logging", package: "swift-log")],
            path: "Tests/TestSupport", swiftSettings: strict),
        .testTarget(
            name: "ServiceSupportTests",
            dependencies: [
                "ServiceSupport",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strictTests),
        .target(
            name: "HTTPTestSupport",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            path: "Tests/HTTPTestSupport", swiftSettings: strict),
        .testTarget(
            name: "AdminAPITests", dependencies: ["AdminAPI", "JSON", "Names", "TestSupport"],
            swiftSettings: strictTests),
        .testTarget(
            name: "AdminClientTests",
            dependencies: [
                "AdminAPI", "AdminClient", "HTTPTestSupport", "Names", "ServiceSupport", "Text",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: strictTests),
        .testTarget(
            name: "CommandLineSupportTests",
            dependencies: [
                "CommandLineSupport", "ServiceSupport", "Text", "Times",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strictTests),
        .testTarget(
            name: "NetworkTypesTests", dependencies: ["NetworkTypes", "TestSupport"], swiftSettings: strictTests),
        .testTarget(name: "NamesTests", dependencies: ["Names"], swiftSettings: strictTests),
        .testTarget(name: "JSONTests", dependencies: ["JSON", "TestSupport"], swiftSettings: strictTests),
        .testTarget(name: "TextTests", dependencies: ["Text"], swiftSettings: strictTests),
        .testTarget(name: "TimesTests", dependencies: ["Times"], swiftSettings: strictTests),
        .testTarget(
            name: "SupervisionTests", dependencies: ["JSON", "Supervision", "TestSupport", "Text"],
            swiftSettings: strictTests),
        .testTarget(
            name: "MasterLinkTests",
            dependencies: ["AdminAPI", "AdminClient", "MasterLink", "Names", "Supervision", "Text"],
            swiftSettings: strictTests),
        .testTarget(name: "YAMLTests", dependencies: ["TestSupport", "YAML"], swiftSettings: strictTests),
        .testTarget(
            name: "CombinedConfigurationTests", dependencies: ["CombinedConfiguration", "TestSupport", "YAML"],
            swiftSettings: strictTests),
        .testTarget(name: "RolloutsTests", dependencies: ["Rollouts", "TestSupport"], swiftSettings: strictTests),
        .testTarget(
            name: "HealthChecksTests", dependencies: ["HealthChecks", "NetworkTypes", "TestSupport"],
            swiftSettings: strictTests),
        .testTarget(
            name: "HealthProberTests",
            dependencies: [
                "HealthChecks", "HealthProber", "HTTPTestSupport", "NetworkTypes", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: strictTests),
        .testTarget(
            name: "VersionsTests",
            dependencies: ["Cloud", "JSON", "NetworkTypes", "TestSupport", "Text", "Versions"],
            swiftSettings: strictTests),
        .testTarget(
            name: "DatabasePatchesTests", dependencies: ["DatabasePatches"], swiftSettings: strictTests),
        .testTarget(
            name: "CrashDumpsTests", dependencies: ["CrashDumps", "Text"], swiftSettings: strictTests),
        .testTarget(
            name: "KeepalivedTests",
            dependencies: [
                "Cloud", "HealthChecks", "Keepalived", "NetworkTypes", "ServicesExport",
            ],
            swiftSettings: strictTests),
        .testTarget(
            name: "ServicesExportTests",
            dependencies: ["HealthChecks", "NetworkTypes", "ServicesExport", "TestSupport"],
            swiftSettings: strictTests),
        .testTarget(
            name: "NetlinkTests",
            dependencies: [
                "CNetlink", "Netlink", "NetworkTypes", "TestSupport",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strictTests),
        .testTarget(
            name: "PacemakerConfigurationTests",
            dependencies: ["NetworkTypes", "PacemakerConfiguration"],
            swiftSettings: strictTests),
        .target(
            name: "CloudTestSupport", dependencies: ["Cloud", "Names", "NetworkTypes", "TestSupport"],
            path: "Tests/CloudTestSupport", swiftSettings: strict),
        .testTarget(
            name: "CloudTests",
            dependencies: [
                "Cloud", "CloudTestSupport", "CombinedConfiguration", "HealthChecks", "Names", "NetworkTypes",
                "Rollouts", "ServicesExport", "TestSupport", "YAML",
            ],
            swiftSettings: strictTests),
        .testTarget(
            name: "GatewaySyncTests",
            dependencies: ["GatewaySync", "Netlink", "NetworkTypes", "ServicesExport", "TestSupport"],
            swiftSettings: strictTests),
        .testTarget(
            name: "GatewayDaemonTests",
            dependencies: [
                "AdminAPI", "AdminClient", "GatewayDaemon", "GatewaySync", "GatewayTestSupport", "HTTPTestSupport",
                "HealthChecks",
                "JSON", "Netlink", "NetworkTypes", "ServiceSupport", "ServicesExport", "TestSupport", "Text",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strictTests),
        .testTarget(
            name: "NodeAgentTests",
            dependencies: [
                "AdminAPI", "AdminClient", "Cloud", "JSON", "Names", "NetworkTypes", "NodeAgent", "ServiceSupport",
                "Supervision", "Systemd", "TestSupport", "Text", "Versions", "YAML",
            ],
            swiftSettings: strictTests),
        .testTarget(
            name: "RegistryTests",
            dependencies: [
                "AdminAPI", "Cloud", "CombinedConfiguration", "JSON", "Names", "NetworkTypes", "Registry",
                "RegistryTestSupport", "Rollouts", "ServiceSupport", "ServicesExport", "TestSupport", "Text",
                "Versions",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: strictTests),
        .testTarget(
            name: "AdminTests",
            dependencies: [
                "Admin", "AdminAPI", "Cloud", "HTTPTestSupport", "JSON", "Names", "NetworkTypes", "Registry",
                "RegistryTestSupport", "Rollouts", "ServiceSupport", "ServicesExport", "TestSupport", "Text",
                "Versions", "YAML",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: strictTests),
        .testTarget(
            name: "LargeCloudTests", dependencies: ["LargeCloud", "NetworkTypes", "ServicesExport"],
            swiftSettings: strictTests),
        .testTarget(
            name: "PortcullisTests",
            dependencies: [
                "Admin", "AdminAPI", "AdminClient", "Cloud", "CloudTestSupport", "CommandLineSupport",
                "HTTPTestSupport",
                "JSON", "Names", "NetworkTypes", "Registry", "ServiceSupport", "ServicesExport", "TestSupport", "Text",
                "Times",
                "YAML",
                "portcullis", "portcullis-admin", "portcullis-gateway",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strictTests),
    ]
)
