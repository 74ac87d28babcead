// A producer in Java: see ../run.mjs for what it is asked.
import carillon.v1.Event;
import io.nats.client.Connection;
import io.nats.client.ErrorListener;
import io.nats.client.Nats;
import io.nats.client.Options;
import io.nats.client.PublishOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

public class Conformance {
    static List<String> fields(Event e) {
        String payload = e.hasTextData() ? e.getTextData() : e.getBinaryData().toStringUtf8();
        return List.of(e.getId(), e.getType(), e.getSource(), e.getResource(), e.getResourceId(), e.getThreadKey(),
            e.hasTime() ? Long.toString(e.getTime().getSeconds()) : "",
            e.hasTime() ? Integer.toString(e.getTime().getNanos()) : "", payload);
    }

    static void conformance(String path) throws Exception {
        for (String line : Files.readString(Path.of(path)).split("\n")) {
            if (line.startsWith("#")) continue;
            List<String> columns = Arrays.asList(line.split("\t", -1));
            List<String> wanted = columns.subList(3, columns.size());
            byte[] raw = HexFormat.of().parseHex(columns.get(1));
            Event event = Event.parseFrom(raw);
            byte[] again = event.toByteArray();
            boolean ok = fields(event).equals(wanted) && again.length == raw.length
                && fields(Event.parseFrom(again)).equals(wanted);
            System.out.println((ok ? "ok " : "differs ") + columns.get(0) + (ok ? "" : " " + fields(event) + wanted));
        }
    }

    static volatile String refused = "";

    static Connection connect(String url, String creds, String inboxPrefix) throws Exception {
        Options.Builder options = Options.builder().server(url).authHandler(Nats.credentials(creds))
            .errorListener(new ErrorListener() {
                @Override
                public void errorOccurred(Connection connection, String error) {
                    refused = error;
                }
            });
        if (inboxPrefix != null) options.inboxPrefix(inboxPrefix);
        return Nats.connect(options.build());
    }

    static long send(Connection nc, String subject, Event event, int seconds) throws Exception {
        PublishOptions wait = PublishOptions.builder().streamTimeout(Duration.ofSeconds(seconds)).build();
        return nc.jetStream().publish(subject, event.toByteArray(), wait).getSeqno();
    }

    static Event order(int number) {
        return Event.newBuilder().setId("order-" + number).setType("order.created").setResource("order")
            .setResourceId("" + number).setTextData("{\"severity\": \"high\"}").build();
    }

    static void publish(String url, String creds, String workspace) throws Exception {
        String own = "carillon.events." + workspace + ".order.created";
        Connection nc = connect(url, creds, "_INBOX." + workspace);
        System.out.println("acked " + send(nc, own, order(1), 10));
        try {
            System.out.println("stored " + send(nc, "carillon.events.globex.order.created", order(1), 2));
        } catch (Exception e) {
            System.out.println("refused " + refused);
        }
        // With the usual inbox the event is stored, and its answer never comes: so it is sent again.
        Connection other = connect(url, creds, null);
        try {
            System.out.println("stored " + send(other, own, order(2), 2));
        } catch (Exception e) {
            System.out.println("timeout " + e.getMessage());
        }
        other.close();
        System.out.println("again " + send(nc, own, order(2), 10));
        nc.close();
    }

    public static void main(String[] args) throws Exception {
        if (args[0].equals("conformance")) conformance(args[1]);
        else publish(args[1], args[2], args[3]);
    }
}
