// swift-tools-version: 6.2
import PackageDescription

/// Swift 6 language mode comes with the tools version; on top of it every module of ours must be
/// free of warnings and says what it imports for its public interface.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// As `strict`, without ExistentialAny: the expansions of Swift Testing's macros do not keep to it.
let strictTests: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
    name: "portcullis",
    products: [
        .executable(name: "portcullis-admin", targets: ["portcullis-admin"]),
        .executable(name: "portcullis-gateway", targets: ["portcullis-gateway"]),
        .executable(name: "portcullis", targets: ["portcullis"]),
        .executable(name: "portcullis-generate", targets: ["portcullis-generate"]),
        .library(name: "Netlink", targets: ["Netlink"]),
        .library(name: "ServicesExport", targets: ["ServicesExport"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
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
        .systemLibrary(name: "CMalloc"),

        // Contracts and formats, shared by both sides
        .target(name: "NetworkTypes", swiftSettings: strict),
        .target(name: "Text", swiftSettings: strict),
        .target(name: "YAML", dependencies: ["CYAML", "Text"], swiftSettings: strict),
        .target(
            name: "ServicesExport",
            dependencies: ["NetworkTypes", "Text", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: strict),
        .target(name: "AdminAPI", swiftSettings: strict),
        .target(name: "CombinedConfiguration", dependencies: ["Text", "YAML"], swiftSettings: strict),

        // What the programs share: their version, files that settings and flags name
        .target(
            name: "InputFiles", dependencies: [.product(name: "SystemPackage", package: "swift-system")],
            swiftSettings: strict),
        .target(
            name: "CommandLineSupport",
            dependencies: [
                "InputFiles", "Text",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),

        // The kernel
        .target(
            name: "Netlink",
            dependencies: [
                "CNetlink", "NetworkTypes",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),

        // The gateway
        .target(
            name: "GatewaySync",
            dependencies: [
                "InputFiles", "Netlink", "NetworkTypes", "ServicesExport", "Text", "YAML",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "portcullis-gateway",
            dependencies: [
                "CommandLineSupport", "GatewaySync", "ServicesExport", "Text",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "portcullis-fuzz",
            dependencies: [
                "Admin", "CombinedConfiguration", "CommandLineSupport", "ServicesExport", "YAML",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),

        // ADMIN
        .target(
            name: "Admin",
            dependencies: [
                "AdminAPI", "CMalloc", "CombinedConfiguration", "CommandLineSupport", "NetworkTypes", "ServicesExport",
                "Text",
                "YAML",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "GRDB", package: "GRDB.swift"),
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
                "Admin", "CommandLineSupport", "InputFiles", "Text",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "portcullis",
            dependencies: [
                "AdminAPI", "CombinedConfiguration", "CommandLineSupport", "NetworkTypes", "ServicesExport", "Text",
                "YAML",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOFoundationCompat", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strict),

        // Clouds of any size, for tests and benchmarks
        .target(name: "LargeCloud", dependencies: ["NetworkTypes", "ServicesExport"], swiftSettings: strict),
        .executableTarget(
            name: "portcullis-generate",
            dependencies: [
                "CommandLineSupport", "LargeCloud", "NetworkTypes",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        // Tests mirror the modules
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
        .testTarget(
            name: "InputFilesTests",
            dependencies: ["InputFiles", .product(name: "SystemPackage", package: "swift-system")],
            swiftSettings: strictTests),
        .testTarget(
            name: "CommandLineSupportTests", dependencies: ["CommandLineSupport", "Text"], swiftSettings: strictTests),
        .testTarget(
            name: "NetworkTypesTests", dependencies: ["NetworkTypes", "TestSupport"], swiftSettings: strictTests),
        .testTarget(name: "TextTests", dependencies: ["Text"], swiftSettings: strictTests),
        .testTarget(name: "YAMLTests", dependencies: ["TestSupport", "Text", "YAML"], swiftSettings: strictTests),
        .testTarget(
            name: "CombinedConfigurationTests", dependencies: ["CombinedConfiguration", "TestSupport", "Text", "YAML"],
            swiftSettings: strictTests),
        .testTarget(
            name: "ServicesExportTests", dependencies: ["NetworkTypes", "ServicesExport", "TestSupport"],
            swiftSettings: strictTests),
        .testTarget(
            name: "NetlinkTests",
            dependencies: [
                "CNetlink", "Netlink", "NetworkTypes", "TestSupport",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strictTests),
        .testTarget(
            name: "GatewaySyncTests",
            dependencies: [
                "GatewaySync", "LargeCloud", "Netlink", "NetworkTypes", "ServicesExport", "TestSupport", "YAML",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: strictTests),
        .testTarget(
            name: "AdminTests",
            dependencies: [
                "Admin", "AdminAPI", "CombinedConfiguration", "NetworkTypes", "ServicesExport", "TestSupport", "Text",
                "YAML",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strictTests),
        .testTarget(
            name: "LargeCloudTests", dependencies: ["LargeCloud", "NetworkTypes", "ServicesExport"],
            swiftSettings: strictTests),
        .testTarget(
            name: "PortcullisTests",
            dependencies: [
                "Admin", "AdminAPI", "CommandLineSupport", "ServicesExport", "TestSupport", "Text", "YAML",
                "portcullis", "portcullis-admin", "portcullis-gateway",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strictTests),
    ]
)
