// Copyright 2026 The weir authors
// SPDX-License-Identifier: Apache-2.0

#include <catch2/catch.hpp>

#include <string>
#include <string_view>

#include "decoder_support.hpp"

using namespace live_shopper_tests;
using live_shopper::CartTotal;

namespace {

/// An event of that type with `fields`, written as JSON's fields with `'` for `"`.
[[nodiscard]] std::string event(std::string_view type, std::string_view fields) {
    std::string text = "{'id':'e1','type':'" + std::string{type} + "','timestamp':'2025-05-02T09:30:00.033Z'";
    text += (fields.empty() ? "" : ",") + std::string{fields} + "}";
    for (char& c : text) {
        c = c == '\'' ? '"' : c;
    }
    return text;
}

[[nodiscard]] std::string product(std::string_view fields) {
    return decoded(event("product_view", "'payload':{'product':{" + std::string{fields} + "}}"));
}

}  // namespace

TEST_CASE("a JSON event needs an id and a time alone", "[decoder]") {
    REQUIRE(decoded(R"({"timestamp":"2025-05-02T09:30:00.033Z","id":"e1"})") ==
            "id=e1\ntype=other\ntime=1746178200033\ndevice=Unknown\n");
    REQUIRE(decoded(" \r\n{ \"id\" : \"e1\" , \"timestamp\"\t:\n\"2025-05-02T09:30:00.033Z\" } \n") ==
            "id=e1\ntype=other\ntime=1746178200033\ndevice=Unknown\n");
}

TEST_CASE("every field of a JSON event is read from its place", "[decoder]") {
    const std::string text = decoded(event("add_to_cart", R"(
        'payload':{'specification':{'id':'no'},'product':{'id':'K-17','brand':'Harbour','category':'Kitchen',
                   'name':'no','price':42.5,'quantity':2},'cart':{'cart_id':'no','total_value':10.25},
                   'checkout_step':{'step':2},'transaction':{'transaction_id':'T1','revenue':99.5}},
        'enrich':{'client':{'useragent':'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148',
                            'browser':{'webdriver':false},'page':{'page_title':'no','page_url':'https://shop.example/a'}},
                  'user':{'user_id':'ada@example.com','domain_userid':'d1','network_userid':'no'},
                  'marketing':{'mkt_medium':'cpc','mkt_campaign':'spring','mkt_source':'letter'},
                  'platform':'web','geo':{'geo_city':'Bergen','geo_country':'NO','geo_region':'46',
                                          'geo_region_name':'Vestland'}},
        'session':{'userId':'no','sessionId':'s1'},'metadata':{'collector_tstamp':'1999-01-01T00:00:00Z'})"));
    REQUIRE(text ==
            "id=e1\ntype=add_to_cart\ntime=1746178200033\nuser_id=ada@example.com\ndomain_userid=d1\nsession_id=s1\n"
            "product=K-17|Harbour|Kitchen|42.5|2\ncart_total=95.25\ncheckout_step=2\ntransaction_id=T1\nrevenue=99.5\n"
            "page_url=https://shop.example/a\nmarketing_campaign=spring\nmarketing_source=letter\nhas_marketing=true\n"
            "user_agent=Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148\ndevice=Mobile\n"
            "platform=web\ncity=Bergen\ncountry=NO\nregion=NO-46\n");
}

TEST_CASE("JSON types are taken by their names", "[decoder]") {
    for (const std::string_view type :
         {"page_view", "page_ping", "product_view", "list_view", "list_click", "add_to_cart", "remove_from_cart",
          "checkout_step", "transaction", "refund", "trns_error", "promo_view", "promo_click"}) {
        REQUIRE(has(decoded(event(type, "")), "type=" + std::string{type}));
    }
    for (const std::string_view type : {"", "other", "unstruct", "struct", "transaction_item", "Page_view", "page"}) {
        REQUIRE(has(decoded(event(type, "")), "type=other"));
    }
    REQUIRE(has(decoded(R"({"id":7,"type":3,"timestamp":"2025-05-02 09:30:00"})"), "type=other"));
    REQUIRE(has(decoded(R"({"id":7,"type":null,"timestamp":"2025-05-02 09:30:00"})"), "type=other"));
}

TEST_CASE("a legacy transaction in JSON is not the e-commerce action of the same name", "[decoder]") {
    const std::string legacy = "'metadata':{'event_vendor':'com.snowplowanalytics.snowplow'}";
    const std::string action = "'metadata':{'event_vendor':'com.snowplowanalytics.snowplow.ecommerce'}";
    REQUIRE(has(decoded(event("transaction", legacy)), "type=other"));
    REQUIRE(has(decoded(event("transaction", action)), "type=transaction"));
    REQUIRE(has(decoded(event("page_view", legacy)), "type=page_view"));
    REQUIRE(has(decoded(R"({"metadata":{"event_vendor":"com.snowplowanalytics.snowplow"},"type":"transaction",)"
                        R"("id":"e1","timestamp":"2025-05-02T09:30:00Z"})"),
                "type=other"));
}

TEST_CASE("the collector's time counts where a JSON event has none of its own", "[decoder]") {
    const auto time = [](std::string_view timestamp, std::string_view metadata) {
        return decoded(R"({"id":"e1",)" + std::string{timestamp} + R"("type":"page_view","metadata":)" +
                       std::string{metadata} + "}");
    };
    constexpr std::string_view collector = R"({"collector_tstamp":"2025-05-02T09:30:01Z"})";
    REQUIRE(has(time("", collector), "time=1746178201000"));
    REQUIRE(has(time(R"("timestamp":null,)", collector), "time=1746178201000"));
    REQUIRE(has(time(R"("timestamp":"",)", collector), "time=1746178201000"));
    REQUIRE(has(time(R"("timestamp":"2025-05-02T09:30:00Z",)", collector), "time=1746178200000"));
    REQUIRE(time(R"("timestamp":"soon",)", collector) == "error: bad_time");
    REQUIRE(time("", R"({"collector_tstamp":"soon"})") == "error: bad_time");
}

TEST_CASE("no id is as good as an empty one, and a number is taken as it is spelled", "[decoder]") {
    const auto user = [](std::string_view fields) {
        return decoded(event("page_view", "'enrich':{'user':{" + std::string{fields} + "}}"));
    };
    for (const std::string_view none : {"", "'user_id':null", "'user_id':''", "'user_id':{}", "'user_id':['ada']",
                                        "'user_id':true", "'user_id':{'user_id':'no'}"}) {
        CAPTURE(none);
        REQUIRE(user(none) == "id=e1\ntype=page_view\ntime=1746178200033\ndevice=Unknown\n");
    }
    REQUIRE(has(user("'user_id':1234567890123456789012"), "user_id=1234567890123456789012"));
    REQUIRE(has(user("'user_id': -1.50e3 ,'domain_userid':0"), "user_id=-1.50e3"));
    REQUIRE(has(decoded(R"({"id":42,"timestamp":"2025-05-02T09:30:00Z"})"), "id=42"));
    REQUIRE(has(product("'id':1001"), "product=1001||||1"));
}

TEST_CASE("ids may hold any character", "[decoder]") {
    const auto user = [](std::string_view id) {
        return decoded(R"({"id":"e1","timestamp":"2025-05-02T09:30:00Z","enrich":{"user":{"user_id":")" +
                       std::string{id} + "\"}}}");
    };
    REQUIRE(has(user("ada lovelace"), "user_id=ada lovelace"));
    REQUIRE(has(user("user:{1}:x"), "user_id=user:{1}:x"));
    REQUIRE(has(user(R"(a\nb\t\"c\"\\d\/e\b\f\r)"), "user_id=a\nb\t\"c\"\\d/e\b\f\r"));
    REQUIRE(has(user(R"(\u00e5\ud83e\udd86)"), "user_id=\u00e5\U0001F986"));
    REQUIRE(has(user("\u00e5\U0001F986"), "user_id=\u00e5\U0001F986"));
    REQUIRE(has(user("[]{},:"), "user_id=[]{},:"));
    REQUIRE(user(R"(\ud83e)") == "error: not_json");  // half of a surrogate pair stands for no character
}

TEST_CASE("escapes in keys are resolved", "[decoder]") {
    REQUIRE(has(decoded(R"({"\u0069d":"e1","time\u0073tamp":"2025-05-02T09:30:00Z","enrich":{"us\u0065r":)"
                        R"({"user\u005fid":"ada"}}})"),
                "user_id=ada"));
    REQUIRE(decoded(R"({"\\u0069d":"e1","timestamp":"2025-05-02T09:30:00Z"})") == "error: missing_id");
}

TEST_CASE("a key that comes twice counts the first time", "[decoder]") {
    REQUIRE(has(decoded(R"({"id":"e1","id":"e2","timestamp":"2025-05-02T09:30:00Z","timestamp":"x"})"), "id=e1"));
    REQUIRE(has(decoded(R"({"id":"e1","\u0069d":"e2","timestamp":"2025-05-02T09:30:00Z"})"), "id=e1"));
    REQUIRE(has(product("'id':'a','id':'b','price':null,'price':3"), "product=a||||1"));
    const std::string text = decoded(event("add_to_cart",
                                           "'payload':{'cart':{'total_value':1,'total_value':2},"
                                           "'cart':{'total_value':3}},'payload':{'list_name':'no'}"));
    REQUIRE(has(text, "cart_total=1"));
    REQUIRE(text.find("list_name") == std::string::npos);
    REQUIRE(has(decoded(event("page_view",
                              "'enrich':{'marketing':{'mkt_source':null,'mkt_source':'a','mkt_campaign':"
                              "'b','mkt_campaign':'c'}}")),
                "marketing_campaign=b"));
}

TEST_CASE("the client session's id comes before the domain's", "[decoder]") {
    const auto session = [](std::string_view fields) {
        return decoded(event("page_view", "'session':{" + std::string{fields} + "}"));
    };
    REQUIRE(has(session("'domain_sessionid':'d','sessionId':'c'"), "session_id=c"));
    REQUIRE(has(session("'sessionId':'c','domain_sessionid':'d'"), "session_id=c"));
    REQUIRE(has(session("'sessionId':null,'domain_sessionid':'d'"), "session_id=d"));
    REQUIRE(has(session("'domain_sessionid':'d','domain_sessionidx':3"), "session_id=d"));
    REQUIRE(session("'userId':'u'").find("session_id") == std::string::npos);
}

TEST_CASE("a payload holds one product or a list of them", "[decoder]") {
    const auto payload = [](std::string_view fields) {
        return decoded(event("list_view", "'payload':{" + std::string{fields} + "}"));
    };
    REQUIRE(payload("'product':{},'list_name':'New'").find("product=") == std::string::npos);
    REQUIRE(payload("'product':{'currency':'EUR'}").find("product=") == std::string::npos);
    REQUIRE(payload("'products':[]").find("product=") == std::string::npos);
    REQUIRE(payload("'product':null,'products':null").find("product=") == std::string::npos);
    REQUIRE(payload("'product':[{'id':'a'}],'products':{'id':'a'}").find("product=") == std::string::npos);
    REQUIRE(has(payload("'product':{'category':'c'}"), "product=||c||1"));
    const std::string both = "product=a||||1\nproduct=b||||1\n";
    REQUIRE(payload("'products':[{'id':'a'},{},7,null,['x'],{'id':'b'}]").find(both) != std::string::npos);
    for (const std::string_view fields : {"'product':{'id':'x'},'products':[{'id':'a'},{'id':'b'}]",
                                          "'products':[{'id':'a'},{'id':'b'}],'product':{'id':'x'}"}) {
        const std::string text = payload(fields);
        REQUIRE(text.find(both) != std::string::npos);
        REQUIRE(text.find("product=x") == std::string::npos);
    }
    REQUIRE(has(payload("'products':[{}],'product':{'id':'x'}"), "product=x||||1"));
    REQUIRE(has(payload(R"('list_name':'Search results \'run\'')"), "list_name=Search results \"run\""));
    REQUIRE(payload("'list_name':null").find("list_name") == std::string::npos);
}

TEST_CASE("a price is a JSON number or unknown", "[decoder]") {
    for (const auto& [price, known] : {std::pair{"42.99", "42.99"},
                                       {"15", "15"},
                                       {"0", "0"},
                                       {"-3.5", "-3.5"},
                                       {"1e3", "1000"},
                                       {"0.1234567", "0.123457"},
                                       {"272.97999999999996", "272.98"},
                                       {"1e15", "1000000000000000"},
                                       {"1e308", ""},
                                       {"-1e16", ""},
                                       {"1e-308", "0"},
                                       {"'42.99'", ""},
                                       {"null", ""},
                                       {"true", ""},
                                       {"{}", ""},
                                       {"[42.99]", ""},
                                       {"''", ""}}) {
        CAPTURE(price);
        REQUIRE(has(product(std::string{"'id':'a','price':"} + price), "product=a|||" + std::string{known} + "|1"));
    }
    REQUIRE(product("'id':'a','price':1.5.2") == "error: not_json");
    REQUIRE(product("'id':'a','price':NaN") == "error: not_json");
    REQUIRE(product("'id':'a','price':+1") == "error: not_json");
}

TEST_CASE("a quantity is a whole number or 1", "[decoder]") {
    for (const auto& [quantity, known] : {std::pair{"2", "2"},
                                          {"2.0", "2"},
                                          {"20e-1", "2"},
                                          {"0", "0"},
                                          {"-0", "0"},
                                          {"1000000000", "1000000000"},
                                          {"1e9", "1000000000"},
                                          {"1000000001", "1"},
                                          {"-1", "1"},
                                          {"2.5", "1"},
                                          {"1e400", "1"},
                                          {"'3'", "1"},
                                          {"null", "1"},
                                          {"[3]", "1"},
                                          {"99999999999999999999", "1"}}) {
        CAPTURE(quantity);
        REQUIRE(has(product(std::string{"'id':'a','quantity':"} + quantity), "product=a||||" + std::string{known}));
    }
}

TEST_CASE("a cart's total in JSON is brought to what it is after the event", "[decoder]") {
    const auto total = [](std::string_view type, std::string_view payload, CartTotal cart_total) {
        const std::string text = decoded(event(type, "'payload':{" + std::string{payload} + "}"), cart_total);
        const auto at = text.find("cart_total=");
        return at == std::string::npos ? "unknown" : text.substr(at + 11, text.find('\n', at) - at - 11);
    };
    const std::string two = "'cart':{'total_value':100.1},'product':{'id':'a','price':0.2,'quantity':2}";
    REQUIRE(total("add_to_cart", two, CartTotal::by_form) == "100.5");
    REQUIRE(total("add_to_cart", two, CartTotal::before) == "100.5");
    REQUIRE(total("add_to_cart", two, CartTotal::after) == "100.1");
    REQUIRE(total("remove_from_cart", two, CartTotal::by_form) == "99.7");
    REQUIRE(total("remove_from_cart", two, CartTotal::after) == "100.1");
    REQUIRE(total("checkout_step", two, CartTotal::before) == "100.1");
    const std::string list =
        "'products':[{'id':'a','price':1},{'id':'b','price':null},{'id':'c','price':2,'quantity':3}]";
    REQUIRE(total("add_to_cart", list + ",'cart':{'total_value':0}", CartTotal::by_form) == "7");
    REQUIRE(total("add_to_cart", list + ",'cart':{}", CartTotal::by_form) == "unknown");
    REQUIRE(total("add_to_cart", list + ",'cart':{'total_value':'5'}", CartTotal::by_form) == "unknown");
    REQUIRE(total("add_to_cart", list, CartTotal::by_form) == "unknown");
    REQUIRE(total("add_to_cart", "'cart':{'total_value':5}", CartTotal::by_form) == "5");
}

TEST_CASE("a checkout step is a whole number", "[decoder]") {
    const auto step = [](std::string_view value) {
        const std::string text =
            decoded(event("checkout_step", "'payload':{'checkout_step':{'step':" + std::string{value} + "}}"));
        const auto at = text.find("checkout_step=");
        return at == std::string::npos ? "none" : text.substr(at + 14, text.find('\n', at) - at - 14);
    };
    REQUIRE(step("2") == "2");
    REQUIRE(step("2.0") == "2");
    REQUIRE(step("2147483647") == "2147483647");
    for (const std::string_view none : {"0", "2147483648", "-2", "1.5", "'2'", "null", "{}"}) {
        REQUIRE(step(none) == "none");
    }
}

TEST_CASE("the payload's page comes before the client's", "[decoder]") {
    const std::string client = "'enrich':{'client':{'page':{'page_url':'c'}}}";
    REQUIRE(has(decoded(event("page_view", "'payload':{'page_url':'p'}," + client)), "page_url=p"));
    REQUIRE(has(decoded(event("page_view", client + ",'payload':{'page_url':'p'}")), "page_url=p"));
    REQUIRE(has(decoded(event("page_view", "'payload':{'page_url':null}," + client)), "page_url=c"));
    REQUIRE(has(decoded(event("page_view", client)), "page_url=c"));
}

TEST_CASE("marketing is there where any of its fields is", "[decoder]") {
    const auto marketing = [](std::string_view value) {
        return decoded(event("page_view", "'enrich':{'marketing':" + std::string{value} + "}"));
    };
    REQUIRE(has(marketing("{'mkt_clickid':'x'}"), "has_marketing=true"));
    REQUIRE(has(marketing("{'mkt_term':'t','mkt_source':'s'}"), "marketing_source=s"));
    for (const std::string_view none :
         {"null", "{}", "[]", "{'mkt_source':null}", "{'mkt_source':''}", "{'source':'s'}"}) {
        CAPTURE(none);
        REQUIRE(marketing(none).find("marketing") == std::string::npos);
    }
}

TEST_CASE("regions of two countries differ though their codes are the same", "[decoder]") {
    const auto region = [](std::string_view geo) {
        return decoded(event("page_view", "'enrich':{" + std::string{geo} + "}"));
    };
    REQUIRE(has(region("'geo':{'geo_country':'US','geo_region':'CA'}"), "region=US-CA"));
    REQUIRE(has(region("'location':{'geo_country':'AU','geo_region':'CA'}"), "region=AU-CA"));
    REQUIRE(has(region("'geo':{'geo_country':'NO','geo_region_name':'Vestland'}"), "region=NO-Vestland"));
    REQUIRE(has(region("'geo':{'geo_region':'CA'}"), "region=-CA"));
    REQUIRE(region("'geo':{'geo_country':'NO','geo_city':'Bergen'}").find("region") == std::string::npos);
    REQUIRE(region("'geo':null").find("region") == std::string::npos);
}
