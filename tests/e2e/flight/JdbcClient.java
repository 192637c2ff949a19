import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/** What a tool on JDBC does with a server: java -cp DRIVER JdbcClient.java HOST:PORT TOKEN. Prints one fact a line. */
public class JdbcClient {
  public static void main(String[] args) throws Exception {
    Properties properties = new Properties();
    properties.put("useEncryption", "false");
    properties.put("token", args[1]);
    String url = "jdbc:arrow-flight-sql://" + args[0] + "/";
    try (Connection connection = DriverManager.getConnection(url, properties)) {
      DatabaseMetaData facts = connection.getMetaData();
      say("product", facts.getDatabaseProductName());
      say("read only", String.valueOf(facts.isReadOnly()));
      try (ResultSet tables = facts.getTables(null, null, "every", null)) {
        while (tables.next()) say("table", tables.getString("TABLE_NAME") + " " + tables.getString("TABLE_TYPE"));
      }
      try (ResultSet columns = facts.getColumns(null, null, "every", "%")) {
        List<String> shown = new ArrayList<>();
        while (columns.next()) shown.add(columns.getString("COLUMN_NAME") + " " + columns.getInt("DATA_TYPE"));
        say("columns", String.join(", ", shown));
      }
      try (ResultSet keys = facts.getPrimaryKeys(null, null, "wells")) {
        List<String> shown = new ArrayList<>();
        while (keys.next()) shown.add(keys.getString("COLUMN_NAME"));
        say("key", String.join(", ", shown));
      }
      try (Statement statement = connection.createStatement();
          ResultSet rows = statement.executeQuery(
              "SELECT text, big, int, small, double, price, flag, day, moment, list, extra FROM every")) {
        while (rows.next()) {
          say("row", rows.getString("text") + " " + rows.getLong("big") + " " + rows.getInt("int") + " "
              + rows.getShort("small") + " " + rows.getDouble("double") + " " + rows.getBigDecimal("price") + " "
              + rows.getBoolean("flag") + " " + rows.getDate("day") + " " + rows.getTimestamp("moment").toInstant()
              + " " + rows.getString("list") + " " + rows.getString("extra"));
        }
      }
      try (PreparedStatement prepared =
          connection.prepareStatement("SELECT ? AS word, count(*) AS n FROM notes WHERE rank >= ? AND text LIKE ?")) {
        for (int from : new int[] {0, 2}) {
          prepared.setString(1, "hi");
          prepared.setInt(2, from);
          prepared.setString(3, "n%");
          try (ResultSet rows = prepared.executeQuery()) {
            while (rows.next()) say("prepared", rows.getString(1) + " " + rows.getLong(2));
          }
        }
      }
      try (Statement statement = connection.createStatement()) {
        statement.executeQuery("SELECT * FROM nowhere");
      } catch (SQLException error) {
        say("unknown", String.valueOf(error.getMessage().contains("nowhere")));
      }
      try (Statement statement = connection.createStatement()) {
        statement.executeUpdate("DELETE FROM notes");
      } catch (SQLException error) {
        say("refused", error.getMessage());
      }
      try (Statement statement = connection.createStatement();
          ResultSet rows = statement.executeQuery("SELECT range AS n FROM range(200000)")) {
        long sum = 0;
        while (rows.next()) sum += rows.getLong(1);
        say("sum", String.valueOf(sum));
      }
    }
    properties.put("token", "wrong");
    try (Connection connection = DriverManager.getConnection(url, properties)) {
      say("wrong token", "connected");
    } catch (SQLException error) {
      say("wrong token", "refused");
    }
  }

  private static void say(String name, String value) {
    System.out.println(name + ": " + value.replace('\n', ' '));
  }
}
