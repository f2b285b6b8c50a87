// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0
#include "static_files.hpp"

#include <filesystem>
#include <string>

#include <catch2/catch.hpp>

#include "storefront_support.hpp"

using storefront::StaticFiles;

namespace {

struct Pages {
    Pages() {
        folder.write("secret.txt", "not yours");
        folder.write("www/index.html", "home");
        folder.write("www/cart.html", "cart");
        folder.write("www/product.html", "product");
        folder.write("www/404.html", "nothing here");
        folder.write("www/users.json", "{}");
        folder.write("www/js/app.js", "code");
        folder.write("www/.hidden", "hidden");
        folder.write("vendor/tracker.js", "tracker");
        std::filesystem::create_symlink(folder.path() + "/secret.txt", folder.path() + "/www/link.txt");
        std::filesystem::create_directory_symlink(folder.path(), folder.path() + "/www/up");
    }
    TemporaryFolder folder;
    StaticFiles files{(std::filesystem::create_directories(folder.path() + "/www"), folder.path() + "/www"),
                      (std::filesystem::create_directories(folder.path() + "/vendor"), folder.path() + "/vendor"),
                      {"users.json"}};
};

}  // namespace

TEST_CASE("a path finds the page that it means", "[static_files]") {
    const Pages pages;
    const auto name = [&](std::string_view path) { return pages.files.resolve(path).filename().string(); };
    CHECK(name("/") == "index.html");
    CHECK(name("/cart") == "cart.html");
    CHECK(name("/cart.html") == "cart.html");
    CHECK(name("/js/app.js") == "app.js");
    CHECK(name("/product/17") == "product.html");
    CHECK(name("/product/<script>") == "product.html");
    CHECK(name("/vendor/tracker.js") == "tracker.js");
}

TEST_CASE("no path leads out of the folder", "[static_files]") {
    const Pages pages;
    for (const auto path : {"/../secret.txt",
                            "/js/../../secret.txt",
                            "/..",
                            "/.",
                            "/.hidden",
                            "//secret.txt",
                            "/js//app.js",
                            "/link.txt",
                            "/up/secret.txt",
                            "/cart/",
                            "/..\\secret.txt",
                            "/js/..%2f..%2fsecret.txt",
                            "/vendor/../secret.txt",
                            "/vendor",
                            "/vendor/",
                            "/vendor/../www/index.html",
                            "/etc/passwd",
                            "/js",
                            "/missing",
                            "",
                            "secret.txt",
                            "/product/",
                            "/users.json"}) {
        INFO(path);
        CHECK(pages.files.resolve(path).empty());
    }
    CHECK(pages.files.resolve(std::string_view{"/cart.html\0.txt", 15}).empty());
    CHECK(pages.files.resolve("/" + std::string(5000, 'a')).empty());
}

TEST_CASE("an unchanged file is not sent again", "[static_files]") {
    const Pages pages;
    httplib::Request request;
    httplib::Response first;
    pages.files.serve("/js/app.js", request, first);
    CHECK(first.status == 200);
    CHECK(first.body == "code");
    CHECK(first.get_header_value("Content-Type") == "text/javascript; charset=utf-8");
    request.set_header("If-None-Match", first.get_header_value("ETag"));
    httplib::Response second;
    pages.files.serve("/js/app.js", request, second);
    CHECK(second.status == 304);
    CHECK(second.body.empty());
    pages.folder.write("www/js/app.js", "more code");
    httplib::Response third;
    pages.files.serve("/js/app.js", request, third);
    CHECK(third.status == 200);
    CHECK(third.body == "more code");
}

TEST_CASE("what is not there is answered with the shop's own page for that", "[static_files]") {
    const Pages pages;
    httplib::Response response;
    pages.files.serve("/nothing", {}, response);
    CHECK(response.status == 404);
    CHECK(response.body == "nothing here");
}

TEST_CASE("a folder that is not there is an error at once", "[static_files]") {
    CHECK_THROWS_WITH(StaticFiles("/nowhere/at/all", "", {}), Catch::Contains("/nowhere/at/all"));
}
